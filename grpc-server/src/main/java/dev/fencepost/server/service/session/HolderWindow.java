package dev.fencepost.server.service.session;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Limits the renewals and releases of a session that are at the store at a time. Later ones start
 * in the order in which they came, so a session that sends very many of them delays its own and not
 * those of others. The queue is bounded by the number of unanswered operations of a session.
 * Thread-safe.
 */
final class HolderWindow {
  /** Enough to keep each store busy with whole batches. */
  static final int MAX_IN_FLIGHT = 1024;

  private static final Logger LOG = LoggerFactory.getLogger(HolderWindow.class);
  private static final CompletionStage<Void> DONE = CompletableFuture.completedFuture(null);

  private final Queue<QueuedOperation> queue = new ArrayDeque<>(0);
  private int inFlight;

  /** An operation and the stage that completes after it. */
  private record QueuedOperation(
      Supplier<? extends CompletionStage<?>> operation, CompletableFuture<Void> done) {}

  /**
   * Starts an operation, perhaps at once on this thread.
   *
   * @return completes when the operation is done, also if it failed
   */
  CompletionStage<Void> start(Supplier<? extends CompletionStage<?>> operation) {
    QueuedOperation added = new QueuedOperation(operation, new CompletableFuture<>());
    synchronized (queue) {
      if (inFlight == MAX_IN_FLIGHT) {
        queue.add(added);
        return added.done;
      }
      inFlight++;
    }
    runFrom(added);
    return added.done;
  }

  /** Starts one operation after the other until one is not done at once or none is left. */
  private void runFrom(@Nullable QueuedOperation first) {
    QueuedOperation next = first;
    while (next != null) {
      CompletableFuture<Void> done = next.done;
      CompletionStage<?> started = run(next.operation);
      if (!started.toCompletableFuture().isDone()) {
        started.whenComplete((result, failure) -> onDone(done));
        return;
      }
      done.complete(null);
      next = next();
    }
  }

  private void onDone(CompletableFuture<Void> done) {
    done.complete(null);
    runFrom(next());
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

  private @Nullable QueuedOperation next() {
    synchronized (queue) {
      QueuedOperation next = queue.poll();
      if (next == null) {
        inFlight--;
      }
      return next;
    }
  }
}
