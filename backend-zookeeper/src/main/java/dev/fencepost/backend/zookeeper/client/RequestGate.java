package dev.fencepost.backend.zookeeper.client;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.jspecify.annotations.Nullable;

/**
 * All requests to the ensemble pass this gate. It is open only while this replica is connected and
 * registered, and it limits the requests in flight and in the queue. Safe for use by many threads.
 */
public final class RequestGate {
  private static final int MAX_IN_FLIGHT = 256;

  private final String syncPath;
  private final int queue;
  private final Duration callTimeout;
  private final Deque<QueuedRequest<?>> waiting = new ArrayDeque<>();
  private int inFlight;
  private volatile @Nullable ZookeeperClient ready;

  /**
   * Creates a closed gate.
   *
   * @param syncPath node to sync before reads
   * @param queue most requests in the queue
   * @param callTimeout queueing time after which a request is no longer sent
   */
  public RequestGate(String syncPath, int queue, Duration callTimeout) {
    this.syncPath = syncPath;
    this.queue = queue;
    this.callTimeout = callTimeout;
  }

  public void open(ZookeeperClient client) {
    ready = client;
  }

  public void close() {
    ready = null;
  }

  /** Returns the client while the gate is open. */
  public Optional<ZookeeperClient> client() {
    return Optional.ofNullable(ready);
  }

  /** Executes a transaction. */
  public CompletableFuture<MultiResult> transact(List<Op> operations) {
    return call(client -> client.transact(operations));
  }

  /** Reads nodes linearizably, all at one moment. */
  public CompletableFuture<List<OpResult>> read(List<Op> reads) {
    return call(client -> client.read(syncPath, reads));
  }

  /** Runs a request now, or queues it until another one completes. */
  public <T> CompletableFuture<T> call(Function<ZookeeperClient, CompletableFuture<T>> request) {
    QueuedRequest<T> call = new QueuedRequest<>(request, System.nanoTime() + callTimeout.toNanos());
    synchronized (this) {
      if (inFlight >= MAX_IN_FLIGHT) {
        if (waiting.size() >= queue) {
          return CompletableFuture.failedFuture(ZookeeperErrors.overloaded());
        }
        waiting.addLast(call);
        return call.answer;
      }
      inFlight++;
    }
    run(call);
    return call.answer;
  }

  private void run(QueuedRequest<?> first) {
    QueuedRequest<?> next = first;
    // A loop instead of recursion: thousands of requests that fail at once must not overflow the
    // stack.
    while (next != null) {
      CompletableFuture<?> sent = next.send(ready);
      if (!sent.isDone()) {
        var unused = sent.whenComplete((answer, error) -> runNext());
        return;
      }
      next = takeNext();
    }
  }

  private void runNext() {
    QueuedRequest<?> next = takeNext();
    if (next != null) {
      run(next);
    }
  }

  private synchronized @Nullable QueuedRequest<?> takeNext() {
    QueuedRequest<?> next = waiting.pollFirst();
    if (next == null) {
      inFlight--;
    }
    return next;
  }

  private static final class QueuedRequest<T> {
    private final Function<ZookeeperClient, CompletableFuture<T>> request;
    private final long deadlineNanos;
    final CompletableFuture<T> answer = new CompletableFuture<>();

    QueuedRequest(Function<ZookeeperClient, CompletableFuture<T>> request, long deadlineNanos) {
      this.request = request;
      this.deadlineNanos = deadlineNanos;
    }

    /** Sends the request. The returned stage completes when the ensemble owes no answer to it. */
    CompletableFuture<?> send(@Nullable ZookeeperClient client) {
      if (client == null) {
        answer.completeExceptionally(ZookeeperErrors.unreachable());
        return answer;
      }
      if (System.nanoTime() - deadlineNanos > 0) {
        answer.completeExceptionally(ZookeeperErrors.notSent());
        return answer;
      }
      CompletableFuture<T> sent;
      try {
        sent = request.apply(client);
      } catch (RuntimeException e) {
        answer.completeExceptionally(e);
        return answer;
      }
      return sent.whenComplete(
          (value, error) -> {
            if (error != null) {
              answer.completeExceptionally(ZookeeperErrors.toException(error));
            } else {
              answer.complete(value);
            }
          });
    }
  }
}
