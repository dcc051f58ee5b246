package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseStatus;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.CallDeadline;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * One stream of keep-alives, opened when it is first needed. etcd answers them in order. A late
 * answer ends the stream, and fails all keep-alives in it. Safe for use by many threads.
 */
final class KeepAliveStream implements AutoCloseable {
  private final EtcdConnections connections;
  private final int capacity;
  private OpenStream current;
  private boolean closed;

  KeepAliveStream(EtcdConnections connections, int capacity) {
    this.connections = connections;
    this.capacity = capacity;
    current = new OpenStream();
    current.ended = true;
  }

  /** Makes etcd count the full time of a lease from now on. */
  CompletionStage<LeaseStatus> keepAlive(long lease, CallDeadline deadline) {
    return send(lease, deadline)
        .exceptionallyCompose(
            error ->
                // The login of the stream has ended. The next stream has a new login.
                EtcdException.isKind(error, EtcdException.Kind.LOGGED_OUT)
                    ? send(lease, deadline)
                    : CompletableFuture.failedFuture(error));
  }

  /** Sends a keep-alive over the present stream, or over the next one if that ends meanwhile. */
  private CompletionStage<LeaseStatus> send(long lease, CallDeadline deadline) {
    return stream(deadline)
        .keepAlive(lease, deadline)
        .or(() -> stream(deadline).keepAlive(lease, deadline))
        .orElseGet(() -> CompletableFuture.failedFuture(EtcdErrors.fromStatus(Status.UNAVAILABLE)));
  }

  /**
   * Ends the stream if an answer is late, or if other calls go to another member now. A stream with
   * former certificates takes no more keep-alives, and ends when etcd has answered those in it.
   */
  void tick() {
    OpenStream stream;
    synchronized (this) {
      stream = current;
    }
    if (stream.isLate()) {
      stream.end(EtcdErrors.timeout());
    } else if (stream.stream.hasFormerCertificates()) {
      stream.retire();
    }
  }

  @Override
  public void close() {
    OpenStream last;
    synchronized (this) {
      closed = true;
      last = current;
    }
    last.end(EtcdErrors.fromStatus(Status.CANCELLED));
  }

  private OpenStream stream(CallDeadline deadline) {
    OpenStream fresh;
    synchronized (this) {
      if (closed || !current.hasEnded()) {
        return current;
      }
      fresh = new OpenStream();
      current = fresh;
    }
    fresh.stream.open(deadline);
    return fresh;
  }

  private record PendingKeepAlive(
      long lease, CallDeadline deadline, CompletableFuture<LeaseStatus> answer) {}

  /** One stream from its opening to its end. */
  private final class OpenStream extends ClientCall.Listener<LeaseKeepAliveResponse> {
    private final Deque<PendingKeepAlive> inFlight = new ArrayDeque<>();
    private final EtcdStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> stream =
        connections.newStream(LeaseGrpc.getLeaseKeepAliveMethod(), this);
    private boolean ended;

    synchronized boolean hasEnded() {
      return ended;
    }

    /** Sends a keep-alive; empty if this stream has ended. */
    synchronized Optional<CompletionStage<LeaseStatus>> keepAlive(
        long lease, CallDeadline deadline) {
      if (ended) {
        return Optional.empty();
      }
      if (inFlight.size() >= capacity) {
        return Optional.of(
            CompletableFuture.failedFuture(
                new StoreException(
                    Failure.STORE_OVERLOADED, "too many keep-alives are queued for etcd")));
      }
      PendingKeepAlive pending = new PendingKeepAlive(lease, deadline, new CompletableFuture<>());
      inFlight.addLast(pending);
      stream.send(LeaseKeepAliveRequest.newBuilder().setID(lease).build());
      return Optional.of(pending.answer());
    }

    synchronized boolean isLate() {
      PendingKeepAlive first = inFlight.peekFirst();
      return !ended && (stream.isAtFormerMember() || (first != null && first.deadline().isOver()));
    }

    /** Takes no more keep-alives. */
    synchronized void retire() {
      if (!ended) {
        ended = true;
        stream.halfClose();
      }
    }

    @Override
    public void onMessage(LeaseKeepAliveResponse response) {
      PendingKeepAlive pending;
      synchronized (this) {
        pending = inFlight.pollFirst();
      }
      stream.requestNext();
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

    private void end(EtcdException reason) {
      List<PendingKeepAlive> left;
      synchronized (this) {
        ended = true;
        left = new ArrayList<>(inFlight);
        inFlight.clear();
      }
      left.forEach(pending -> pending.answer().completeExceptionally(reason));
      stream.cancel("ended");
    }
  }
}
