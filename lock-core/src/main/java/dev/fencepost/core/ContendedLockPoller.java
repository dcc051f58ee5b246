package dev.fencepost.core;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.LockBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Polls all contended locks of this replica together, to catch what notifications missed: lost
 * messages, expired leases, removed queue entries. The cost does not grow with the number of
 * waiters.
 */
final class ContendedLockPoller {
  private final QueueContext context;
  private final Map<LockName, LockQueue> queues;
  private final Runnable alsoEachTime;
  private volatile boolean stopped;

  ContendedLockPoller(
      QueueContext context, Map<LockName, LockQueue> queues, Runnable alsoEachTime) {
    this.context = context;
    this.queues = queues;
    this.alsoEachTime = alsoEachTime;
  }

  /** Polls until stopped. The next poll begins after the last one was answered. */
  void start() {
    if (stopped) {
      return;
    }
    long least = context.settings().pollInterval().toMillis();
    Duration pause = Duration.ofMillis(least + context.random().nextLong(least / 2 + 1));
    context.timers().schedule(pause, this::look);
  }

  void stop() {
    stopped = true;
  }

  private void look() {
    orReport(alsoEachTime);
    List<List<LockQueue>> batches = batches(queues.values());
    if (batches.isEmpty()) {
      start();
      return;
    }
    AtomicInteger commandInFlight = new AtomicInteger(batches.size());
    for (List<LockQueue> batch : batches) {
      DeferredActions.sent(
              () -> context.backend().describe(batch.stream().map(LockQueue::lock).toList()))
          .whenComplete(
              (states, error) -> {
                orReport(
                    () -> {
                      if (states == null) {
                        Throwable why = DeferredActions.failure(error);
                        batch.forEach(queue -> queue.onPollFailed(why));
                      } else {
                        tell(batch, states);
                      }
                    });
                if (commandInFlight.decrementAndGet() == 0) {
                  start();
                }
              });
    }
  }

  private static void tell(List<LockQueue> batch, List<LockState> states) {
    Map<LockName, LockState> byName = new HashMap<>();
    states.forEach(state -> byName.put(state.lock(), state));
    for (LockQueue queue : batch) {
      LockState state = byName.get(queue.lock());
      if (state == null) {
        queue.onPollFailed(LockCoordinator.leftOut(queue.lock()));
      } else {
        orReport(() -> queue.onPolled(state));
      }
    }
  }

  /**
   * Runs one part. A failure is reported like an uncaught exception; it stops neither the other
   * parts nor the polling.
   */
  private static void orReport(Runnable part) {
    try {
      part.run();
    } catch (RuntimeException e) {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }
  }

  private static List<List<LockQueue>> batches(Collection<LockQueue> queues) {
    List<List<LockQueue>> batches = new ArrayList<>();
    List<LockQueue> batch = new ArrayList<>();
    for (LockQueue queue : queues) {
      batch.add(queue);
      if (batch.size() == LockBackend.MAX_DESCRIBED) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
    }
    if (!batch.isEmpty()) {
      batches.add(batch);
    }
    return batches;
  }
}
