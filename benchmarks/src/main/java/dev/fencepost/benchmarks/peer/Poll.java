package dev.fencepost.benchmarks.peer;

import dev.fencepost.benchmarks.contender.Held;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waiting by knocking again and again, as those do whose store or library cannot wake them. */
final class Poll {
  private Poll() {}

  /** One try. */
  @FunctionalInterface
  interface Try {
    Optional<Held> run() throws Exception;
  }

  /** Tries until it succeeds, pausing so long on average, at random so that waiters spread. */
  static Held every(long micros, Try attempt) throws Exception {
    while (true) {
      Optional<Held> held = attempt.run();
      if (held.isPresent()) {
        return held.get();
      }
      long pause = ThreadLocalRandom.current().nextLong(micros / 2, micros * 3 / 2);
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(pause));
      if (Thread.interrupted()) {
        throw new InterruptedException("while waiting for a lock");
      }
    }
  }
}
