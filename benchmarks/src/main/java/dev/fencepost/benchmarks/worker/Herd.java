package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * Many wait for a lock that is released once; all pass, each once. The first of the threads is the
 * holder; the time is from his release to the last grant.
 */
final class Herd implements Task {
  private static final int LOCK = 0;
  private static final long PATIENCE_SECONDS = 60;

  /** What a thread did. */
  private record Done(long grantedNanos, Histogram latency) {}

  @Override
  public Outcome run(Stage stage) throws Exception {
    int waiters = stage.load().threads();
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch waiting = new CountDownLatch(waiters);
    AtomicLong releasedNanos = new AtomicLong();
    List<Done> all =
        Crew.run(
            waiters + 1,
            () -> {},
            thread ->
                thread == 0
                    ? hold(stage, held, waiting, releasedNanos)
                    : pass(stage, thread, held, waiting));
    stage.signals().tell(Signal.MEASURED);
    long last = all.stream().mapToLong(Done::grantedNanos).max().orElseThrow();
    double millis = (last - releasedNanos.get()) / 1e6;
    return Outcome.of(
        waiters,
        millis / 1e3,
        Latencies.pack(all.stream().map(Done::latency).toList()),
        Map.of("millis", millis));
  }

  private static Done hold(
      Stage stage, CountDownLatch held, CountDownLatch waiting, AtomicLong releasedNanos)
      throws Exception {
    long who = stage.order().who(0);
    Held lock = stage.contender().acquire(stage.order().name(LOCK));
    stage.referee().enter(LOCK, who, lock.token());
    held.countDown();
    if (!waiting.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the herd did not gather");
    }
    // They are about to ask; let them have asked.
    Thread.sleep(stage.load().millis());
    stage.signals().tell(Signal.MEASURING);
    stage.referee().leave(LOCK, who);
    releasedNanos.set(System.nanoTime());
    lock.release();
    return new Done(releasedNanos.get(), Latencies.empty());
  }

  private static Done pass(Stage stage, int thread, CountDownLatch held, CountDownLatch waiting)
      throws Exception {
    if (!held.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new IllegalStateException("there is no holder");
    }
    long who = stage.order().who(thread);
    Histogram latency = Latencies.empty();
    waiting.countDown();
    long before = System.nanoTime();
    Held lock = stage.contender().acquire(stage.order().name(LOCK));
    long granted = System.nanoTime();
    Latencies.record(latency, granted - before);
    stage.referee().enter(LOCK, who, lock.token());
    stage.referee().leave(LOCK, who);
    lock.release();
    return new Done(granted, latency);
  }
}
