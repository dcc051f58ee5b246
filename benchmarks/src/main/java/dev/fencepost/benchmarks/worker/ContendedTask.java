package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/** All threads want the same lock and do nothing with it. Only a change of owner counts. */
final class ContendedTask implements WorkerTask {
  private static final int LOCK = 0;

  /** The result of one thread. */
  private record ThreadResult(long turns, long ownerChanges, Histogram latency) {}

  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    AtomicLong startNanos = new AtomicLong();
    List<ThreadResult> results =
        ThreadCrew.run(
            stage.load().threads(),
            () -> {
              stage.signals().send(WorkerSignal.MEASURING);
              startNanos.set(System.nanoTime());
            },
            thread -> work(stage, thread, startNanos.get()));
    stage.signals().send(WorkerSignal.MEASURED);
    LongSummaryStatistics turns =
        results.stream().mapToLong(ThreadResult::turns).summaryStatistics();
    return WorkerOutcome.of(
        results.stream().mapToLong(ThreadResult::ownerChanges).sum(),
        stage.load().millis() / 1e3,
        LatencyHistogram.pack(results.stream().map(ThreadResult::latency)),
        Map.of(
            "turns", (double) turns.getSum(),
            "fewest", (double) turns.getMin(),
            "most", (double) turns.getMax()));
  }

  /** Takes the lock again and again. A grant to a queued thread after the end does not count. */
  private static ThreadResult work(Stage stage, int thread, long startNanos) throws Exception {
    Histogram latency = LatencyHistogram.empty();
    long turns = 0;
    long ownerChanges = 0;
    while (stage.isMeasuring(startNanos)) {
      long before = System.nanoTime();
      TakenLock taken = stage.acquire(LOCK);
      long nanos = System.nanoTime() - before;
      boolean isCounted = stage.isMeasuring(startNanos);
      boolean isOtherOwner = stage.enter(LOCK, thread, taken);
      if (isCounted) {
        LatencyHistogram.record(latency, nanos);
        turns++;
        ownerChanges += isOtherOwner ? 1 : 0;
      }
      stage.leave(LOCK, thread, taken);
    }
    return new ThreadResult(turns, ownerChanges, latency);
  }
}
