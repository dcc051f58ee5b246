package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/** Each thread takes and gives back locks of its own. */
final class Uncontended implements Task {

  /** What a thread did. */
  private record Done(long pairs, long endNanos, Histogram latency) {}

  @Override
  public Outcome run(Stage stage) throws Exception {
    try (Probe probe = new Probe(stage)) {
      check(stage, probe);
      AtomicLong startNanos = new AtomicLong();
      List<Done> all =
          Crew.run(
              stage.load().threads(),
              () -> {
                stage.signals().tell(Signal.MEASURING);
                startNanos.set(System.nanoTime());
              },
              thread -> work(stage, thread, startNanos.get(), probe));
      stage.signals().tell(Signal.MEASURED);
      long endNanos = all.stream().mapToLong(Done::endNanos).max().orElseThrow();
      return Outcome.of(
          all.stream().mapToLong(Done::pairs).sum(),
          (endNanos - startNanos.get()) / 1e9,
          Latencies.pack(all.stream().map(Done::latency).toList()),
          Map.of("probes", (double) probe.probes()));
    }
  }

  /** A lock that is held refuses others; one that was released does not. */
  private static void check(Stage stage, Probe probe) throws Exception {
    Held held = stage.contender().acquire(stage.order().name(0));
    probe.mustBeRefused(0);
    held.release();
    probe.mustBeLetIn(0);
  }

  private static Done work(Stage stage, int thread, long startNanos, Probe probe) throws Exception {
    Histogram latency = Latencies.empty();
    int threads = stage.load().threads();
    int own = Math.max(1, stage.load().locks() / threads);
    long who = stage.order().who(thread);
    long lengthNanos = TimeUnit.MILLISECONDS.toNanos(stage.load().millis());
    long pairs = 0;
    long now = System.nanoTime();
    while (now - startNanos < lengthNanos) {
      int lock = thread + threads * (int) (pairs % own);
      String name = stage.order().name(lock);
      long before = System.nanoTime();
      Held held = stage.contender().acquire(name);
      Latencies.record(latency, System.nanoTime() - before);
      stage.referee().enter(lock, who, held.token());
      if (thread == 0) {
        probe.mayTry(lock);
      }
      stage.referee().leave(lock, who);
      held.release();
      pairs++;
      now = System.nanoTime();
    }
    return new Done(pairs, now, latency);
  }
}
