package dev.fencepost.client.internal.transport;

import java.util.Random;
import java.util.concurrent.TimeUnit;

/** How long a client waits for an address that failed: before it tries again, and for a welcome. */
final class ReconnectBackoff {
  private static final long FIRST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long LEAST_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int MOST_DOUBLINGS = 5;

  private static final long FIRST_GREETING_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int MOST_GREETING_DOUBLINGS = 2;

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

  /**
   * The longest time to the server's welcome. It doubles with each failure, up to 8 s. A server
   * that comes back gets the greetings of all its clients at once. If it needs longer than the
   * clients wait, it greets connections that were given up, and the same clients greet it again:
   * then it never catches up.
   */
  static long greetingNanosAfter(int failures) {
    return FIRST_GREETING_NANOS << Math.min(failures, MOST_GREETING_DOUBLINGS);
  }
}
