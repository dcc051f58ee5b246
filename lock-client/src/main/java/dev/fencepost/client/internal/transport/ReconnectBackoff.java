package dev.fencepost.client.internal.transport;

import java.util.Random;
import java.util.concurrent.TimeUnit;

/** The pause before an address that failed is tried again. */
final class ReconnectBackoff {
  private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int MOST_DOUBLINGS = 5;

  private final Random random;

  ReconnectBackoff(Random random) {
    this.random = random;
  }

  /**
   * Uses full jitter, so that ten thousand clients of a restarted server do not reconnect together.
   */
  long nanosAfter(int failures) {
    long longest = Math.min(LONGEST_NANOS, FIRST_NANOS << Math.min(failures, MOST_DOUBLINGS));
    return LEAST_NANOS + (long) (random.nextDouble() * longest);
  }
}
