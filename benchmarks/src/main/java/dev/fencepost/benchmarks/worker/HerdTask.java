package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * Many threads wait for a lock that is released once, and each gets it once. The first thread is
 * the holder. The time runs from its release to the last grant.
 */
final class HerdTask implements WorkerTask {
  private static final int LOCK = 0;
  private static final long TIMEOUT_SECONDS = 60;

  /** The result of one thread. */
  private record ThreadResult(long grantedNanos, Histogram latency) {}

  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    int waiters = stage.load().threads();
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch waiting = new CountDownLatch(waiters);
    AtomicLong releasedNanos = new AtomicLong();
    List<ThreadResult> results =
        ThreadCrew.run(
            waiters + 1,
            () -> {},
            thread ->
                thread == 0
                    ? hold(stage, held, waiting, releasedNanos)
                    : waitOnce(stage, thread, held, waiting));
    stage.signals().send(WorkerSignal.MEASURED);
    long last = results.stream().mapToLong(ThreadResult::grantedNanos).max().orElseThrow();
    double millis = (last - releasedNanos.get()) / 1e6;
    return WorkerOutcome.of(
        waiters,
        millis / 1e3,
        LatencyHistogram.pack(results.stream().map(ThreadResult::latency)),
        Map.of("millis", millis));
  }

  private static ThreadResult hold(
      Stage stage, CountDownLatch held, CountDownLatch waiting, AtomicLong releasedNanos)
      throws Exception {
    TakenLock taken = stage.acquire(LOCK);
    stage.enter(LOCK, 0, taken);
    held.countDown();
    require(waiting.await(TIMEOUT_SECONDS, TimeUnit.SECONDS), "the herd did not gather");
    // The waiters are about to send their requests; leave them time for that.
    Thread.sleep(stage.load().millis());
    stage.signals().send(WorkerSignal.MEASURING);
    releasedNanos.set(System.nanoTime());
    stage.leave(LOCK, 0, taken);
    return new ThreadResult(releasedNanos.get(), LatencyHistogram.empty());
  }

  private static ThreadResult waitOnce(
      Stage stage, int thread, CountDownLatch held, CountDownLatch waiting) throws Exception {
    require(held.await(TIMEOUT_SECONDS, TimeUnit.SECONDS), "there is no holder");
    Histogram latency = LatencyHistogram.empty();
    waiting.countDown();
    long before = System.nanoTime();
    TakenLock taken = stage.acquire(LOCK);
    long granted = System.nanoTime();
    LatencyHistogram.record(latency, granted - before);
    stage.enter(LOCK, thread, taken);
    stage.leave(LOCK, thread, taken);
    return new ThreadResult(granted, latency);
  }

  private static void require(boolean condition, String failure) {
    if (!condition) {
      throw new IllegalStateException(failure);
    }
  }
}
