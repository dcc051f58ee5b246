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
final class Access {
  private static final int MOST_UNDER_WAY = 256;

  private final String syncPath;
  private final int queue;
  private final Duration callTimeout;
  private final Deque<Waiting<?>> waiting = new ArrayDeque<>();
  private int underWay;
  private volatile @Nullable Handle ready;

  /**
   * Makes a way that is shut.
   *
   * @param queue most calls that wait
   * @param callTimeout after which one that waited is not sent any more
   */
  Access(String syncPath, int queue, Duration callTimeout) {
    this.syncPath = syncPath;
    this.queue = queue;
    this.callTimeout = callTimeout;
  }

  void open(Handle handle) {
    ready = handle;
  }

  void shut() {
    ready = null;
  }

  /** The client to use, if there is one. */
  Optional<Handle> handle() {
    return Optional.ofNullable(ready);
  }

  /** Carries out a transaction. */
  CompletableFuture<Reply> transact(List<Op> operations) {
    return call(handle -> handle.transact(operations));
  }

  /** Reads linearizably, all at one moment. */
  CompletableFuture<List<OpResult>> look(List<Op> reads) {
    return call(handle -> handle.look(syncPath, reads));
  }

  /** Asks when it is its turn. */
  <T> CompletableFuture<T> call(Function<Handle, CompletableFuture<T>> question) {
    Waiting<T> call = new Waiting<>(question, System.nanoTime() + callTimeout.toNanos());
    synchronized (this) {
      if (underWay >= MOST_UNDER_WAY) {
        if (waiting.size() >= queue) {
          return CompletableFuture.failedFuture(Trouble.overloaded());
        }
        waiting.addLast(call);
        return call.answer;
      }
      underWay++;
    }
    run(call);
    return call.answer;
  }

  private void run(Waiting<?> first) {
    Waiting<?> next = first;
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
    Waiting<?> next = takeNext();
    if (next != null) {
      run(next);
    }
  }

  private synchronized @Nullable Waiting<?> takeNext() {
    Waiting<?> next = waiting.pollFirst();
    if (next == null) {
      underWay--;
    }
    return next;
  }

  private static final class Waiting<T> {
    private final Function<Handle, CompletableFuture<T>> question;
    private final long deadlineNanos;
    final CompletableFuture<T> answer = new CompletableFuture<>();

    Waiting(Function<Handle, CompletableFuture<T>> question, long deadlineNanos) {
      this.question = question;
      this.deadlineNanos = deadlineNanos;
    }

    /** Asks; the stage ends when the ensemble owes no answer any more. */
    CompletableFuture<?> ask(@Nullable Handle handle) {
      if (handle == null) {
        answer.completeExceptionally(Trouble.unreachable());
        return answer;
      }
      if (System.nanoTime() - deadlineNanos > 0) {
        answer.completeExceptionally(Trouble.notSent());
        return answer;
      }
      CompletableFuture<T> asked;
      try {
        asked = question.apply(handle);
      } catch (RuntimeException e) {
        answer.completeExceptionally(e);
        return answer;
      }
      return asked.whenComplete(
          (value, error) -> {
            if (error != null) {
              answer.completeExceptionally(Trouble.told(error));
            } else {
              answer.complete(value);
            }
          });
    }
  }
}
