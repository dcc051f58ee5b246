package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;

/** Holds and renews many locks for longer than a lease. None may be lost. */
final class ManyLocksTask implements WorkerTask {
  private static final long TIMEOUT_MINUTES = 20;
  private static final int PROBE_INTERVAL = 997;

  /** The result of one thread. */
  private record ThreadResult(long held, long lost) {}

  /** A held lock with its number. */
  private record NumberedLock(int number, TakenLock taken) {}

  @Override
  public WorkerOutcome run(Stage stage) throws Exception {
    int threads = stage.load().threads();
    CyclicBarrier allTaken =
        new CyclicBarrier(threads, () -> stage.signals().send(WorkerSignal.MEASURING));
    CyclicBarrier holdEnded =
        new CyclicBarrier(threads, () -> stage.signals().send(WorkerSignal.MEASURED));
    long before = System.nanoTime();
    try (ExclusionProbe probe = new ExclusionProbe(stage)) {
      List<ThreadResult> results =
          ThreadCrew.run(
              threads, () -> {}, thread -> hold(stage, thread, allTaken, holdEnded, probe));
      double seconds = (System.nanoTime() - before) / 1e9;
      return WorkerOutcome.of(
          results.stream().mapToLong(ThreadResult::held).sum(),
          stage.load().millis() / 1e3,
          "",
          Map.of(
              "lost", (double) results.stream().mapToLong(ThreadResult::lost).sum(),
              "allSeconds", seconds,
              "probes", (double) probe.count()));
    }
  }

  private static ThreadResult hold(
      Stage stage,
      int thread,
      CyclicBarrier allTaken,
      CyclicBarrier holdEnded,
      ExclusionProbe probe)
      throws Exception {
    Deque<NumberedLock> held = new ArrayDeque<>();
    try {
      for (int lock = thread; lock < stage.load().locks(); lock += stage.load().threads()) {
        TakenLock taken = stage.acquire(lock);
        held.addLast(new NumberedLock(lock, taken));
        stage.enter(lock, thread, taken);
      }
      long count = held.size();
      allTaken.await(TIMEOUT_MINUTES, TimeUnit.MINUTES);
      Thread.sleep(stage.load().millis());
      holdEnded.await(TIMEOUT_MINUTES, TimeUnit.MINUTES);
      return new ThreadResult(count, releaseAll(stage, thread, held, probe));
    } finally {
      // After a failure nobody may renew them while other contenders are measured.
      held.forEach(ManyLocksTask::releaseQuietly);
    }
  }

  /** Releases all locks. Returns the number of lost ones. */
  private static long releaseAll(
      Stage stage, int thread, Deque<NumberedLock> held, ExclusionProbe probe) throws Exception {
    long lost = 0;
    for (int i = 0; !held.isEmpty(); i++) {
      NumberedLock next = held.getFirst();
      if (!next.taken().isHeld()) {
        lost++;
      } else if (thread == 0 && i % PROBE_INTERVAL == 0) {
        probe.requireRefused(next.number());
      }
      stage.leave(next.number(), thread, next.taken());
      held.removeFirst();
    }
    return lost;
  }

  private static void releaseQuietly(NumberedLock lock) {
    try {
      lock.taken().release();
    } catch (Exception e) {
      // The first failure is reported. This lock is lost, or ends with its lease.
    }
  }
}
