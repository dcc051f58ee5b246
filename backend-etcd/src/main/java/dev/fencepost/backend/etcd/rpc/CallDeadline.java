package dev.fencepost.backend.etcd.rpc;

import java.time.Duration;

/**
 * The moment at which a call times out.
 *
 * @param nanos on the clock of {@link System#nanoTime()}
 */
public record CallDeadline(long nanos) {

  public static CallDeadline in(Duration time) {
    return new CallDeadline(System.nanoTime() + time.toNanos());
  }

  /** Nanoseconds left; 0 or less when it has passed. */
  long leftNanos() {
    return nanos - System.nanoTime();
  }

  public boolean isOver() {
    return leftNanos() <= 0;
  }

  CallDeadline orLater(CallDeadline other) {
    return nanos - other.nanos >= 0 ? this : other;
  }
}
