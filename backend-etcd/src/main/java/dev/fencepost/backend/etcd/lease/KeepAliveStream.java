package dev.fencepost.backend.etcd.lease;

import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseStatus;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.backend.etcd.rpc.StreamSender;
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
 * One stream of keep-alives, opened when it is first needed. etcd answers them in order. A late
 * answer ends the stream, and fails all keep-alives in it. Safe for use by many threads.
 */
public final class KeepAliveStream implements AutoCloseable {
  private final EtcdConnections connections;
  private final int capacity;
  private @Nullable OpenStream current;
  private boolean closed;

  public KeepAliveStream(EtcdConnections connections, int capacity) {
    this.connections = connections;
    this.capacity = capacity;
  }

  /** Makes etcd count the full time of a lease from now on. */
  public CompletionStage<LeaseStatus> keepAlive(long lease, CallDeadline deadline) {
    return stream(deadline)
        .keepAlive(lease, deadline)
        .exceptionallyCompose(
            error ->
                // The login of the stream has ended. The next stream has a new login.
                EtcdException.isKind(error, EtcdException.Kind.LOGGED_OUT)
                    ? stream(deadline).keepAlive(lease, deadline)
                    : CompletableFuture.failedFuture(error));
  }

  /** Ends the stream if an answer is late, or if other calls go to another member now. */
  public void tick() {
    OpenStream stream;
    synchronized (this) {
      stream = current;
    }
    if (stream != null) {
      stream.endIfLate();
    }
  }

  @Override
  public void close() {
    OpenStream last;
    synchronized (this) {
      closed = true;
      last = current;
    }
    if (last != null) {
      last.end(EtcdErrors.fromStatus(Status.CANCELLED));
    }
  }

  private synchronized OpenStream stream(CallDeadline deadline) {
    OpenStream stream = current;
    if (stream != null && !stream.hasEnded()) {
      return stream;
    }
    OpenStream fresh = new OpenStream();
    current = fresh;
    if (closed) {
      fresh.end(EtcdErrors.fromStatus(Status.CANCELLED));
    } else {
      fresh.open(deadline);
    }
    return fresh;
  }

  private record PendingKeepAlive(
      long lease, CallDeadline deadline, CompletableFuture<LeaseStatus> answer) {}

  /** One stream from its opening to its end. */
  private final class OpenStream extends ClientCall.Listener<LeaseKeepAliveResponse> {
    private final Deque<PendingKeepAlive> inFlight = new ArrayDeque<>();
    private @Nullable StreamSender<LeaseKeepAliveRequest> stream;
    private boolean ended;

    void open(CallDeadline deadline) {
      connections.stream(LeaseGrpc.getLeaseKeepAliveMethod(), this, deadline)
          .whenComplete(
              (opened, error) -> {
                if (error == null) {
                  onOpened(opened);
                } else {
                  end(
                      EtcdException.find(error)
                          .orElseGet(() -> EtcdErrors.fromStatus(Status.UNKNOWN)));
                }
              });
    }

    synchronized boolean hasEnded() {
      return ended;
    }

    synchronized CompletionStage<LeaseStatus> keepAlive(long lease, CallDeadline deadline) {
      if (ended) {
        return CompletableFuture.failedFuture(EtcdErrors.fromStatus(Status.UNAVAILABLE));
      }
      if (inFlight.size() >= capacity) {
        return CompletableFuture.failedFuture(
            new StoreException(
                Failure.STORE_OVERLOADED, "too many keep-alives are queued for etcd"));
      }
      PendingKeepAlive pending = new PendingKeepAlive(lease, deadline, new CompletableFuture<>());
      inFlight.addLast(pending);
      if (stream != null) {
        stream.send(request(pending));
      }
      return pending.answer();
    }

    @Override
    public void onMessage(LeaseKeepAliveResponse response) {
      PendingKeepAlive pending;
      synchronized (this) {
        pending = inFlight.pollFirst();
        if (stream != null) {
          stream.requestNext();
        }
      }
      if (pending == null) {
        return;
      }
      if (pending.lease() != response.getID()) {
        pending.answer().completeExceptionally(EtcdErrors.fromStatus(Status.INTERNAL));
        end(EtcdErrors.fromStatus(Status.INTERNAL));
        return;
      }
      long term = response.getHeader().getRaftTerm();
      pending.answer().complete(new LeaseStatus(response.getTTL(), term));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end(EtcdErrors.fromStatus(status.isOk() ? Status.UNAVAILABLE : status));
    }

    void endIfLate() {
      boolean late;
      synchronized (this) {
        PendingKeepAlive first = inFlight.peekFirst();
        boolean isElsewhere = stream != null && !stream.isAtCurrentMember();
        late = isElsewhere || (first != null && first.deadline().isOver());
      }
      if (late) {
        end(EtcdErrors.timeout());
      }
    }

    /** Sends the keep-alives that were queued meanwhile, in their order. */
    private void onOpened(StreamSender<LeaseKeepAliveRequest> opened) {
      synchronized (this) {
        stream = opened;
        if (!ended) {
          inFlight.forEach(pending -> opened.send(request(pending)));
          return;
        }
      }
      opened.cancel("ended");
    }

    private static LeaseKeepAliveRequest request(PendingKeepAlive pending) {
      return LeaseKeepAliveRequest.newBuilder().setID(pending.lease()).build();
    }

    private void end(EtcdException reason) {
      List<PendingKeepAlive> left;
      StreamSender<LeaseKeepAliveRequest> open;
      synchronized (this) {
        ended = true;
        left = new ArrayList<>(inFlight);
        inFlight.clear();
        open = stream;
      }
      left.forEach(pending -> pending.answer().completeExceptionally(reason));
      if (open != null) {
        open.cancel("ended");
      }
    }
  }
}
