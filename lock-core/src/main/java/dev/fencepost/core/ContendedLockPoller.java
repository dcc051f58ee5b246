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
 * The periodic look at all contended locks of this replica together, for what no notification told:
 * lost messages, leases that ran out, places in a line that were struck out. Its cost does not grow
 * with the waiters.
 */
final class ContendedLockPoller {
  private final QueueContext around;
  private final Map<LockName, LockQueue> contests;
  private final Runnable alsoEachTime;
  private volatile boolean stopped;

  ContendedLockPoller(
      QueueContext around, Map<LockName, LockQueue> contests, Runnable alsoEachTime) {
    this.around = around;
    this.contests = contests;
    this.alsoEachTime = alsoEachTime;
  }

  /** Looks again and again until stopped; the next look begins after the last was answered. */
  void start() {
    if (stopped) {
      return;
    }
    long least = around.settings().recheck().toMillis();
    Duration pause = Duration.ofMillis(least + around.random().nextLong(least / 2 + 1));
    around.timers().schedule(pause, this::look);
  }

  void stop() {
    stopped = true;
  }

  private void look() {
    orReport(alsoEachTime);
    List<List<LockQueue>> batches = batches(contests.values());
    if (batches.isEmpty()) {
      start();
      return;
    }
    AtomicInteger unanswered = new AtomicInteger(batches.size());
    for (List<LockQueue> batch : batches) {
      DeferredActions.sent(
              () -> around.backend().describe(batch.stream().map(LockQueue::lock).toList()))
          .whenComplete(
              (states, error) -> {
                orReport(
                    () -> {
                      if (states == null) {
                        Throwable why = DeferredActions.failure(error);
                        batch.forEach(contest -> contest.lookFailed(why));
                      } else {
                        tell(batch, states);
                      }
                    });
                if (unanswered.decrementAndGet() == 0) {
                  start();
                }
              });
    }
  }

  private static void tell(List<LockQueue> batch, List<LockState> states) {
    Map<LockName, LockState> byName = new HashMap<>();
    states.forEach(state -> byName.put(state.lock(), state));
    for (LockQueue contest : batch) {
      LockState state = byName.get(contest.lock());
      if (state == null) {
        contest.lookFailed(LockCoordinator.leftOut(contest.lock()));
      } else {
        orReport(() -> contest.looked(state));
      }
    }
  }

  /**
   * One that fails is told of like any uncaught exception, and ends neither others nor the looks.
   */
  private static void orReport(Runnable part) {
    try {
      part.run();
    } catch (RuntimeException e) {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }
  }

  private static List<List<LockQueue>> batches(Collection<LockQueue> contests) {
    List<List<LockQueue>> batches = new ArrayList<>();
    List<LockQueue> batch = new ArrayList<>();
    for (LockQueue contest : contests) {
      batch.add(contest);
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
