package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Threads take turns at a few locks while a process is killed. Measures the longest time in which a
 * lock was granted to nobody.
 */
final class OutageTask implements WorkerTask {
  private static final long PAUSE_MILLIS = 5;

  /** The longest time between two grants of one lock. */
  private static final class GapTimer {
    private final AtomicLong lastNanos = new AtomicLong();
    private final AtomicLong longestNanos = new AtomicLong();

    void start() {
      lastNanos.set(System.nanoTime());
    }

    void recordGrant() {
      long nowNanos = System.nanoTime();
      long gap = nowNanos - lastNanos.getAndAccumulate(nowNanos, Math::max);
      longestNanos.accumulateAndGet(gap, Math::max);
    }
  }

  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    GapTimer[] gaps =
        Stream.generate(GapTimer::new).limit(stage.load().locks()).toArray(GapTimer[]::new);
    AtomicLong lost = new AtomicLong();
    WorkerOutcome outcome =
        RetryingLoad.run(
            stage,
            () -> {
              stage.signals().send(WorkerSignal.MEASURING);
              Stream.of(gaps).forEach(GapTimer::start);
            },
            PAUSE_MILLIS,
            (thread, turn) -> {
              int lock = thread % gaps.length;
              if (!takeTurn(stage, thread, lock, gaps[lock])) {
                lost.incrementAndGet();
              }
            });
    Stream.of(gaps).forEach(GapTimer::recordGrant);
    stage.signals().send(WorkerSignal.MEASURED);
    long longest = Stream.of(gaps).mapToLong(gap -> gap.longestNanos.get()).max().orElse(0);
    return WorkerOutcome.of(
        outcome.count(),
        outcome.seconds(),
        "",
        Map.of(
            "gapMillis",
            longest / 1e6,
            "errors",
            outcome.number("errors"),
            "lost",
            (double) lost.get()));
  }

  /** Takes and releases the lock. Returns false if it was lost before the release. */
  private static boolean takeTurn(Stage stage, int thread, int lock, GapTimer gap)
      throws Exception {
    TakenLock taken = stage.acquire(lock);
    gap.recordGrant();
    stage.enter(lock, thread, taken);
    boolean isHeld = taken.isHeld();
    stage.leave(lock, thread, taken);
    return isHeld;
  }
}
