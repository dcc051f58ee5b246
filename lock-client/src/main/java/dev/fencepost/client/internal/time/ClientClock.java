package dev.fencepost.client.internal.time;

/**
 * The clock of one client. It never goes back, starts near zero, and has nothing to do with the
 * time of day.
 */
public interface ClientClock {
  /** A moment that never comes. */
  long NEVER = Long.MAX_VALUE;

  /** Nanoseconds since the clock was made, at least 1. */
  long nanos();

  /** The sum, and {@link #NEVER} where it would overflow; neither is negative. */
  static long after(long nanos, long moreNanos) {
    long sum = nanos + moreNanos;
    return sum < 0 ? NEVER : sum;
  }
}
