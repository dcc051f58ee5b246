package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/** Each thread takes and releases locks of its own. */
final class UncontendedTask implements WorkerTask {

  /** The result of one thread. */
  private record ThreadResult(long pairs, long endNanos, Histogram latency) {}

  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    try (ExclusionProbe probe = new ExclusionProbe(stage)) {
      probeOneLock(stage, probe);
      AtomicLong startNanos = new AtomicLong();
      List<ThreadResult> results =
          ThreadCrew.run(
              stage.load().threads(),
              () -> {
                stage.signals().send(WorkerSignal.MEASURING);
                startNanos.set(System.nanoTime());
              },
              thread -> work(stage, thread, startNanos.get(), probe));
      stage.signals().send(WorkerSignal.MEASURED);
      long endNanos = results.stream().mapToLong(ThreadResult::endNanos).max().orElseThrow();
      return WorkerOutcome.of(
          results.stream().mapToLong(ThreadResult::pairs).sum(),
          (endNanos - startNanos.get()) / 1e9,
          LatencyHistogram.pack(results.stream().map(ThreadResult::latency)),
          Map.of("probes", (double) probe.count()));
    }
  }

  /** Checks that a held lock refuses other callers, and that a released lock does not. */
  private static void probeOneLock(Stage stage, ExclusionProbe probe) throws Exception {
    TakenLock taken = stage.acquire(0);
    probe.requireRefused(0);
    taken.release();
    probe.requireGranted(0);
  }

  private static ThreadResult work(Stage stage, int thread, long startNanos, ExclusionProbe probe)
      throws Exception {
    Histogram latency = LatencyHistogram.empty();
    int threads = stage.load().threads();
    int ownLocks = Math.max(1, stage.load().locks() / threads);
    long pairs = 0;
    while (stage.isMeasuring(startNanos)) {
      int lock = thread + threads * (int) (pairs % ownLocks);
      long before = System.nanoTime();
      TakenLock taken = stage.acquire(lock);
      LatencyHistogram.record(latency, System.nanoTime() - before);
      stage.enter(lock, thread, taken);
      if (thread == 0) {
        probe.probeIfDue(lock);
      }
      stage.leave(lock, thread, taken);
      pairs++;
    }
    return new ThreadResult(pairs, System.nanoTime(), latency);
  }
}
