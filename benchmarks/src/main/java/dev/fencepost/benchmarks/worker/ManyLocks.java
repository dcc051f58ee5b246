package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;

/** Many locks, held and renewed for longer than a lease; none may be lost. */
final class ManyLocks implements Task {
  private static final long PATIENCE_MINUTES = 20;
  private static final int PROBED_EVERY = 997;

  /** What a thread did. */
  private record Done(long held, long lost) {}

  @Override
  public Outcome run(Stage stage) throws Exception {
    int threads = stage.load().threads();
    CyclicBarrier holding =
        new CyclicBarrier(threads, () -> stage.signals().tell(Signal.MEASURING));
    CyclicBarrier held = new CyclicBarrier(threads, () -> stage.signals().tell(Signal.MEASURED));
    long before = System.nanoTime();
    try (Probe probe = new Probe(stage)) {
      List<Done> all =
          Crew.run(threads, () -> {}, thread -> hold(stage, thread, holding, held, probe));
      double seconds = (System.nanoTime() - before) / 1e9;
      return Outcome.of(
          all.stream().mapToLong(Done::held).sum(),
          stage.load().millis() / 1e3,
          "",
          Map.of(
              "lost", (double) all.stream().mapToLong(Done::lost).sum(),
              "allSeconds", seconds,
              "probes", (double) probe.probes()));
    }
  }

  private static Done hold(
      Stage stage, int thread, CyclicBarrier holding, CyclicBarrier held, Probe probe)
      throws Exception {
    long who = stage.order().who(thread);
    List<Integer> own = new ArrayList<>();
    List<Held> locks = new ArrayList<>();
    for (int lock = thread; lock < stage.load().locks(); lock += stage.load().threads()) {
      Held taken = stage.contender().acquire(stage.order().name(lock));
      stage.referee().enter(lock, who, taken.token());
      own.add(lock);
      locks.add(taken);
    }
    holding.await(PATIENCE_MINUTES, TimeUnit.MINUTES);
    Thread.sleep(stage.load().millis());
    held.await(PATIENCE_MINUTES, TimeUnit.MINUTES);
    long lost = 0;
    for (int i = 0; i < locks.size(); i++) {
      if (!locks.get(i).isHeld()) {
        lost++;
      } else if (thread == 0 && i % PROBED_EVERY == 0) {
        probe.mustBeRefused(own.get(i));
      }
      stage.referee().leave(own.get(i), who);
      locks.get(i).release();
    }
    return new Done(locks.size(), lost);
  }
}
