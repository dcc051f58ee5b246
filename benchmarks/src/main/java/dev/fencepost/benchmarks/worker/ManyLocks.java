package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.Held;
import java.util.ArrayDeque;
import java.util.Deque;
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

  /** A lock by its number. */
  private record Taken(int lock, Held held) {}

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
    Deque<Taken> taken = new ArrayDeque<>();
    try {
      for (int lock = thread; lock < stage.load().locks(); lock += stage.load().threads()) {
        Held one = stage.contender().acquire(stage.order().name(lock));
        taken.addLast(new Taken(lock, one));
        stage.referee().enter(lock, who, one.token());
      }
      long all = taken.size();
      holding.await(PATIENCE_MINUTES, TimeUnit.MINUTES);
      Thread.sleep(stage.load().millis());
      held.await(PATIENCE_MINUTES, TimeUnit.MINUTES);
      return new Done(all, giveBack(stage, thread, taken, probe));
    } finally {
      // If something failed: nobody is to renew them while others are measured.
      taken.forEach(ManyLocks::drop);
    }
  }

  /** Gives all back; answers how many were lost. */
  private static long giveBack(Stage stage, int thread, Deque<Taken> taken, Probe probe)
      throws Exception {
    long lost = 0;
    for (int i = 0; !taken.isEmpty(); i++) {
      Taken next = taken.getFirst();
      if (!next.held().isHeld()) {
        lost++;
      } else if (thread == 0 && i % PROBED_EVERY == 0) {
        probe.mustBeRefused(next.lock());
      }
      stage.referee().leave(next.lock(), stage.order().who(thread));
      next.held().release();
      taken.removeFirst();
    }
    return lost;
  }

  private static void drop(Taken taken) {
    try {
      taken.held().release();
    } catch (Exception e) {
      // What failed before is what is told; this one is lost, or left to its lease.
    }
  }
}
