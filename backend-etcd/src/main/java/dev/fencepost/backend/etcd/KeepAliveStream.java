package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LeaseClient.Said;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseKeepAliveResponse;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One stream of keep-alives, opened when it is first needed. etcd answers them in order; an answer
 * that does not come in time ends the stream, and with it all that wait. Safe for use by many
 * threads.
 */
final class KeepAliveStream implements AutoCloseable {
  private final EtcdConnections wire;
  private final int capacity;
  private @Nullable Run present;
  private boolean closed;

  KeepAliveStream(EtcdConnections wire, int capacity) {
    this.wire = wire;
    this.capacity = capacity;
  }

  /** Counts a lease anew. */
  CompletionStage<Said> keepAlive(long lease, CallDeadline deadline) {
    return run(deadline)
        .keepAlive(lease, deadline)
        .exceptionallyCompose(
            error ->
                // The login that the stream began with has ended; the next one has another.
                EtcdException.is(error, EtcdException.Kind.LOGGED_OUT)
                    ? run(deadline).keepAlive(lease, deadline)
                    : CompletableFuture.failedFuture(error));
  }

  /** Ends the stream if an answer is overdue, or if other calls go to another member by now. */
  void tick() {
    Run run;
    synchronized (this) {
      run = present;
    }
    if (run != null) {
      run.endIfLate();
    }
  }

  @Override
  public void close() {
    Run last;
    synchronized (this) {
      closed = true;
      last = present;
    }
    if (last != null) {
      last.end(EtcdException.of(Status.CANCELLED));
    }
  }

  private synchronized Run run(CallDeadline deadline) {
    Run run = present;
    if (run != null && !run.isOver()) {
      return run;
    }
    Run fresh = new Run();
    present = fresh;
    if (closed) {
      fresh.end(EtcdException.of(Status.CANCELLED));
    } else {
      fresh.open(deadline);
    }
    return fresh;
  }

  private record Asked(long lease, CallDeadline deadline, CompletableFuture<Said> answer) {}

  /** One stream from its opening to its end. */
  private final class Run extends ClientCall.Listener<LeaseKeepAliveResponse> {
    private final Deque<Asked> unanswered = new ArrayDeque<>();
    private @Nullable RequestStream<LeaseKeepAliveRequest> stream;
    private boolean over;

    void open(CallDeadline deadline) {
      wire.stream(LeaseGrpc.getLeaseKeepAliveMethod(), this, deadline)
          .whenComplete(
              (opened, error) -> {
                if (error == null) {
                  opened(opened);
                } else {
                  end(EtcdException.in(error).orElseGet(() -> EtcdException.of(Status.UNKNOWN)));
                }
              });
    }

    synchronized boolean isOver() {
      return over;
    }

    synchronized CompletionStage<Said> keepAlive(long lease, CallDeadline deadline) {
      if (over) {
        return CompletableFuture.failedFuture(EtcdException.of(Status.UNAVAILABLE));
      }
      if (unanswered.size() >= capacity) {
        return CompletableFuture.failedFuture(
            new StoreException(Failure.STORE_OVERLOADED, "too many keep-alives wait for etcd"));
      }
      Asked asked = new Asked(lease, deadline, new CompletableFuture<>());
      unanswered.addLast(asked);
      if (stream != null) {
        stream.send(request(asked));
      }
      return asked.answer();
    }

    @Override
    public void onMessage(LeaseKeepAliveResponse response) {
      Asked asked;
      synchronized (this) {
        asked = unanswered.pollFirst();
        if (stream != null) {
          stream.askForMore();
        }
      }
      if (asked == null) {
        return;
      }
      if (asked.lease() != response.getID()) {
        asked.answer().completeExceptionally(EtcdException.of(Status.INTERNAL));
        end(EtcdException.of(Status.INTERNAL));
        return;
      }
      long term = response.getHeader().getRaftTerm();
      asked.answer().complete(new Said(response.getTTL(), term));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end(EtcdException.of(status.isOk() ? Status.UNAVAILABLE : status));
    }

    void endIfLate() {
      boolean late;
      synchronized (this) {
        Asked first = unanswered.peekFirst();
        boolean isElsewhere = stream != null && !stream.isAtPresentMember();
        late = isElsewhere || (first != null && first.deadline().isOver());
      }
      if (late) {
        end(EtcdException.timeout());
      }
    }

    /** What has come meanwhile is sent in the order of the queue. */
    private void opened(RequestStream<LeaseKeepAliveRequest> opened) {
      synchronized (this) {
        stream = opened;
        if (!over) {
          unanswered.forEach(asked -> opened.send(request(asked)));
          return;
        }
      }
      opened.cancel("ended");
    }

    private static LeaseKeepAliveRequest request(Asked asked) {
      return LeaseKeepAliveRequest.newBuilder().setID(asked.lease()).build();
    }

    private void end(EtcdException why) {
      List<Asked> left;
      RequestStream<LeaseKeepAliveRequest> open;
      synchronized (this) {
        over = true;
        left = new ArrayList<>(unanswered);
        unanswered.clear();
        open = stream;
      }
      left.forEach(asked -> asked.answer().completeExceptionally(why));
      if (open != null) {
        open.cancel("ended");
      }
    }
  }
}
