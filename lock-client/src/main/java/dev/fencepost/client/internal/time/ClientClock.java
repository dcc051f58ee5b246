package dev.fencepost.client.internal.time;

/**
 * The clock of one client. It never goes back, starts near zero, and is not related to the time of
 * day.
 */
public interface ClientClock {
  /** A moment that never comes. */
  long NEVER = Long.MAX_VALUE;

  /** Nanoseconds since the clock was created, at least 1. */
  long nanos();

  /** Returns the sum, or {@link #NEVER} if it would overflow. Neither argument may be negative. */
  static long after(long nanos, long moreNanos) {
    long sum = nanos + moreNanos;
    return sum < 0 ? NEVER : sum;
  }
}
