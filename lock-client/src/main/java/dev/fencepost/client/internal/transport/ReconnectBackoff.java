package dev.fencepost.client.internal.transport;

import java.util.Random;
import java.util.concurrent.TimeUnit;

/** How long an address that failed is left alone. */
final class ReconnectBackoff {
  private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int MOST_DOUBLINGS = 5;

  private final Random random;

  ReconnectBackoff(Random random) {
    this.random = random;
  }

  /** Full jitter: ten thousand clients of a server that comes back do not come back together. */
  long nanosAfter(int failures) {
    long longest = Math.min(LONGEST_NANOS, FIRST_NANOS << Math.min(failures, MOST_DOUBLINGS));
    return LEAST_NANOS + (long) (random.nextDouble() * longest);
  }
}
