package dev.fencepost.backend.zookeeper;

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
 * The way of all calls to the ensemble: open only while this replica is connected and registered,
 * with so many under way and so many waiting at the most. Safe for use by many threads.
 */
final class RequestGate {
  private static final int MOST_UNDER_WAY = 256;

  private final String syncPath;
  private final int queue;
  private final Duration callTimeout;
  private final Deque<QueuedRequest<?>> waiting = new ArrayDeque<>();
  private int underWay;
  private volatile @Nullable ZookeeperClient ready;

  /**
   * Makes a way that is shut.
   *
   * @param queue most calls that wait
   * @param callTimeout after which one that waited is not sent any more
   */
  RequestGate(String syncPath, int queue, Duration callTimeout) {
    this.syncPath = syncPath;
    this.queue = queue;
    this.callTimeout = callTimeout;
  }

  void open(ZookeeperClient client) {
    ready = client;
  }

  void shut() {
    ready = null;
  }

  /** The client to use, if there is one. */
  Optional<ZookeeperClient> client() {
    return Optional.ofNullable(ready);
  }

  /** Carries out a transaction. */
  CompletableFuture<MultiResult> transact(List<Op> operations) {
    return call(client -> client.transact(operations));
  }

  /** Reads linearizably, all at one moment. */
  CompletableFuture<List<OpResult>> look(List<Op> reads) {
    return call(client -> client.look(syncPath, reads));
  }

  /** Asks when it is its turn. */
  <T> CompletableFuture<T> call(Function<ZookeeperClient, CompletableFuture<T>> question) {
    QueuedRequest<T> call =
        new QueuedRequest<>(question, System.nanoTime() + callTimeout.toNanos());
    synchronized (this) {
      if (underWay >= MOST_UNDER_WAY) {
        if (waiting.size() >= queue) {
          return CompletableFuture.failedFuture(ZookeeperErrors.overloaded());
        }
        waiting.addLast(call);
        return call.answer;
      }
      underWay++;
    }
    run(call);
    return call.answer;
  }

  private void run(QueuedRequest<?> first) {
    QueuedRequest<?> next = first;
    // A loop, since a thousand calls that fail at once must not be a thousand calls deep.
    while (next != null) {
      CompletableFuture<?> asked = next.ask(ready);
      if (!asked.isDone()) {
        var unused = asked.whenComplete((answer, error) -> runNext());
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
      underWay--;
    }
    return next;
  }

  private static final class QueuedRequest<T> {
    private final Function<ZookeeperClient, CompletableFuture<T>> question;
    private final long deadlineNanos;
    final CompletableFuture<T> answer = new CompletableFuture<>();

    QueuedRequest(Function<ZookeeperClient, CompletableFuture<T>> question, long deadlineNanos) {
      this.question = question;
      this.deadlineNanos = deadlineNanos;
    }

    /** Asks; the stage ends when the ensemble owes no answer any more. */
    CompletableFuture<?> ask(@Nullable ZookeeperClient client) {
      if (client == null) {
        answer.completeExceptionally(ZookeeperErrors.unreachable());
        return answer;
      }
      if (System.nanoTime() - deadlineNanos > 0) {
        answer.completeExceptionally(ZookeeperErrors.notSent());
        return answer;
      }
      CompletableFuture<T> asked;
      try {
        asked = question.apply(client);
      } catch (RuntimeException e) {
        answer.completeExceptionally(e);
        return answer;
      }
      return asked.whenComplete(
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
