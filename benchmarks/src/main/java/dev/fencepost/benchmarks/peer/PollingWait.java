package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.TakenLock;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits by polling, for libraries and stores that cannot wake a waiter. */
final class PollingWait {
  private PollingWait() {}

  /** Repeats the attempt until it succeeds. Pauses {@code micros} on average, with jitter. */
  static TakenLock poll(long micros, Callable<Optional<TakenLock>> attempt) throws Exception {
    while (true) {
      Optional<TakenLock> taken = attempt.call();
      if (taken.isPresent()) {
        return taken.get();
      }
      long pause = ThreadLocalRandom.current().nextLong(micros / 2, micros * 3 / 2);
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(pause));
      if (Thread.interrupted()) {
        throw new InterruptedException("while waiting for a lock");
      }
    }
  }
}
