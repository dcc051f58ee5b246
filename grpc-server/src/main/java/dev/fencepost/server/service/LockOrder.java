package dev.fencepost.server.service;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a session's operations on one lock in order: none begins before an earlier release of that
 * lock is over. Operations on other locks are not held up. Thread-safe; bounded by the operations
 * that a session may have unanswered.
 */
final class LockOrder {
  private static final CompletionStage<Void> OVER = CompletableFuture.completedFuture(null);

  /** The locks being released, each with what waits for it. */
  private final Map<String, Queue<Supplier<? extends CompletionStage<?>>>> releasing =
      new HashMap<>();

  /** Begins an operation as soon as its turn has come; perhaps at once, on this thread. */
  void begin(String lock, Runnable operation) {
    synchronized (releasing) {
      Queue<Supplier<? extends CompletionStage<?>>> waiting = releasing.get(lock);
      if (waiting != null) {
        waiting.add(
            () -> {
              operation.run();
              return OVER;
            });
        return;
      }
    }
    operation.run();
  }

  /** Begins a release as soon as its turn has come; what comes after waits until it is over. */
  void beginRelease(String lock, Supplier<? extends CompletionStage<?>> release) {
    synchronized (releasing) {
      Queue<Supplier<? extends CompletionStage<?>>> waiting = releasing.get(lock);
      if (waiting != null) {
        waiting.add(release);
        return;
      }
      releasing.put(lock, new ArrayDeque<>(0));
    }
    follow(lock, release);
  }

  /** Begins one operation after the other until one of them takes its time or none is left. */
  private void follow(String lock, Supplier<? extends CompletionStage<?>> first) {
    Supplier<? extends CompletionStage<?>> next = first;
    while (next != null) {
      CompletionStage<?> begun = next.get();
      if (!begun.toCompletableFuture().isDone()) {
        begun.whenComplete((done, failure) -> follow(lock, () -> OVER));
        return;
      }
      next = next(lock);
    }
  }

  private @Nullable Supplier<? extends CompletionStage<?>> next(String lock) {
    synchronized (releasing) {
      Queue<Supplier<? extends CompletionStage<?>>> waiting = releasing.get(lock);
      Supplier<? extends CompletionStage<?>> next = waiting == null ? null : waiting.poll();
      if (next == null) {
        releasing.remove(lock);
      }
      return next;
    }
  }
}
