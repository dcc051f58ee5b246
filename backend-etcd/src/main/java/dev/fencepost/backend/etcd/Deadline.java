package dev.fencepost.backend.etcd;

import java.time.Duration;

/**
 * The moment by which a call has its answer.
 *
 * @param nanos on the clock of {@link System#nanoTime()}
 */
record Deadline(long nanos) {

  static Deadline in(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos());
  }

  /** Nanoseconds left; 0 or less when it has passed. */
  long leftNanos() {
    return nanos - System.nanoTime();
  }

  boolean isOver() {
    return leftNanos() <= 0;
  }

  Deadline orLater(Deadline other) {
    return nanos - other.nanos >= 0 ? this : other;
  }
}
