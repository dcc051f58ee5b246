package dev.fencepost.lock.spi.support;

import java.time.Duration;

/**
 * The moment at which a call times out.
 *
 * @param nanos on the clock of {@link System#nanoTime()}
 */
public record CallDeadline(long nanos) {

  /** Returns the deadline of a call that begins now. */
  public static CallDeadline in(Duration time) {
    return new CallDeadline(System.nanoTime() + time.toNanos());
  }

  /** Returns the nanoseconds left; 0 or less when the deadline has passed. */
  public long leftNanos() {
    return nanos - System.nanoTime();
  }

  /** True if the deadline has passed. */
  public boolean isOver() {
    return leftNanos() <= 0;
  }

  /** True if the deadline has passed at this moment of its clock. */
  boolean isOverAt(long nowNanos) {
    return nanos - nowNanos <= 0;
  }

  /** Returns the later one of two deadlines. */
  public CallDeadline orLater(CallDeadline other) {
    return nanos - other.nanos >= 0 ? this : other;
  }
}
