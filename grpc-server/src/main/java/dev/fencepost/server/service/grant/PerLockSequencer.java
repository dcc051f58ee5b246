package dev.fencepost.server.service.grant;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the operations of a session on one lock in order: none starts before an earlier release of
 * that lock is done. Operations on other locks are not delayed. The queues are bounded by the
 * number of unanswered operations of a session. Thread-safe.
 */
public final class PerLockSequencer {
  private static final Logger LOG = LoggerFactory.getLogger(PerLockSequencer.class);
  private static final CompletionStage<Void> DONE = CompletableFuture.completedFuture(null);

  /** The locks being released, each with the operations that wait for it. */
  private final Map<String, Queue<Supplier<? extends CompletionStage<?>>>> releasing =
      new HashMap<>();

  /** Starts an operation after the releases before it, perhaps at once on this thread. */
  public void start(String lock, Runnable operation) {
    synchronized (releasing) {
      Queue<Supplier<? extends CompletionStage<?>>> waiting = releasing.get(lock);
      if (waiting != null) {
        waiting.add(
            () -> {
              operation.run();
              return DONE;
            });
        return;
      }
    }
    operation.run();
  }

  /** Starts a release after the releases before it. Later operations wait until it is done. */
  public void startRelease(String lock, Supplier<? extends CompletionStage<?>> release) {
    synchronized (releasing) {
      Queue<Supplier<? extends CompletionStage<?>>> waiting = releasing.get(lock);
      if (waiting != null) {
        waiting.add(release);
        return;
      }
      releasing.put(lock, new ArrayDeque<>(0));
    }
    runInOrder(lock, release);
  }

  /** Starts one operation after the other until one is not done at once or none is left. */
  private void runInOrder(String lock, Supplier<? extends CompletionStage<?>> first) {
    Supplier<? extends CompletionStage<?>> next = first;
    while (next != null) {
      CompletionStage<?> started = run(next);
      if (!started.toCompletableFuture().isDone()) {
        started.whenComplete((done, failure) -> runInOrder(lock, () -> DONE));
        return;
      }
      next = next(lock);
    }
  }

  /** Catches failures, so that one operation does not keep the later ones waiting for ever. */
  private static CompletionStage<?> run(Supplier<? extends CompletionStage<?>> operation) {
    try {
      return operation.get();
    } catch (RuntimeException e) {
      LOG.error("an operation could not be started", e);
      return DONE;
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
