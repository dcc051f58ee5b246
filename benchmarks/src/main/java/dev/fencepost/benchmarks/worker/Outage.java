package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Threads take turns at a few locks while something is killed: how long was a lock granted to
 * nobody? Failing calls are counted and tried again.
 */
final class Outage implements Task {
  private static final long PAUSE_MILLIS = 5;

  private static final class Watch {
    private final AtomicLong lastNanos = new AtomicLong();
    private final AtomicLong longestNanos = new AtomicLong();

    void start(long nowNanos) {
      lastNanos.set(nowNanos);
    }

    void granted(long nowNanos) {
      long gap = nowNanos - lastNanos.getAndAccumulate(nowNanos, Math::max);
      longestNanos.accumulateAndGet(gap, Math::max);
    }
  }

  /** What a thread did. */
  private record Done(long turns, long errors, long lost) {}

  @Override
  public Outcome run(Stage stage) throws Exception {
    List<Watch> watches = new ArrayList<>();
    for (int i = 0; i < stage.load().locks(); i++) {
      watches.add(new Watch());
    }
    AtomicLong startNanos = new AtomicLong();
    List<Done> all =
        Crew.run(
            stage.load().threads(),
            () -> {
              stage.signals().tell(Signal.MEASURING);
              startNanos.set(System.nanoTime());
              watches.forEach(watch -> watch.start(System.nanoTime()));
            },
            thread -> work(stage, thread, startNanos.get(), watches));
    watches.forEach(watch -> watch.granted(System.nanoTime()));
    stage.signals().tell(Signal.MEASURED);
    long longest = watches.stream().mapToLong(watch -> watch.longestNanos.get()).max().orElse(0);
    return Outcome.of(
        all.stream().mapToLong(Done::turns).sum(),
        stage.load().millis() / 1e3,
        "",
        Map.of(
            "gapMillis", longest / 1e6,
            "errors", (double) all.stream().mapToLong(Done::errors).sum(),
            "lost", (double) all.stream().mapToLong(Done::lost).sum()));
  }

  private static Done work(Stage stage, int thread, long startNanos, List<Watch> watches)
      throws InterruptedException {
    int lock = thread % stage.load().locks();
    long lengthNanos = TimeUnit.MILLISECONDS.toNanos(stage.load().millis());
    long turns = 0;
    long errors = 0;
    long lost = 0;
    while (System.nanoTime() - startNanos < lengthNanos) {
      try {
        lost += turn(stage, thread, lock, watches.get(lock)) ? 0 : 1;
        turns++;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        errors++;
        Thread.sleep(PAUSE_MILLIS);
      }
    }
    return new Done(turns, errors, lost);
  }

  private static boolean turn(Stage stage, int thread, int lock, Watch watch) throws Exception {
    long who = stage.order().who(thread);
    Held held = stage.contender().acquire(stage.order().name(lock));
    watch.granted(System.nanoTime());
    stage.referee().enter(lock, who, held.token());
    boolean isHeld = held.isHeld();
    stage.referee().leave(lock, who);
    held.release();
    return isHeld;
  }
}
