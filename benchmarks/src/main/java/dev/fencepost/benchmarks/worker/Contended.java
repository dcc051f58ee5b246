package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/** All threads want the same lock and do nothing with it. Only a change of owner counts. */
final class Contended implements Task {
  private static final int LOCK = 0;

  /** What a thread did. */
  private record Done(long turns, long changes, Histogram latency) {}

  @Override
  public Outcome run(Stage stage) throws Exception {
    AtomicLong startNanos = new AtomicLong();
    List<Done> all =
        Crew.run(
            stage.load().threads(),
            () -> {
              stage.signals().tell(Signal.MEASURING);
              startNanos.set(System.nanoTime());
            },
            thread -> work(stage, thread, startNanos.get()));
    stage.signals().tell(Signal.MEASURED);
    LongSummaryStatistics turns = all.stream().mapToLong(Done::turns).summaryStatistics();
    return Outcome.of(
        all.stream().mapToLong(Done::changes).sum(),
        stage.load().millis() / 1e3,
        Latencies.pack(all.stream().map(Done::latency).toList()),
        Map.of(
            "turns", (double) turns.getSum(),
            "fewest", (double) turns.getMin(),
            "most", (double) turns.getMax()));
  }

  /** What is granted after the end, to those who stood in line, does not count. */
  private static Done work(Stage stage, int thread, long startNanos) throws Exception {
    Histogram latency = Latencies.empty();
    String name = stage.order().name(LOCK);
    long who = stage.order().who(thread);
    long lengthNanos = TimeUnit.MILLISECONDS.toNanos(stage.load().millis());
    long turns = 0;
    long changes = 0;
    long before = System.nanoTime();
    while (before - startNanos < lengthNanos) {
      Held held = stage.contender().acquire(name);
      long granted = System.nanoTime();
      boolean changed = stage.referee().enter(LOCK, who, held.token());
      if (granted - startNanos < lengthNanos) {
        Latencies.record(latency, granted - before);
        turns++;
        changes += changed ? 1 : 0;
      }
      stage.referee().leave(LOCK, who);
      held.release();
      before = System.nanoTime();
    }
    return new Done(turns, changes, latency);
  }
}
