package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.time.ClientClock;
import java.util.concurrent.TimeUnit;

/**
 * The time limits of one acquire, on the client's clock.
 *
 * @param waitNanos how long the caller waits; zero tries once, {@link #ENDLESS} has no end
 * @param begunNanos when the acquire began
 * @param giveUpNanos when it fails without an answer: a call timeout after the end of the wait
 */
record AcquireDeadline(long waitNanos, long begunNanos, long giveUpNanos) {
  /** A wait without end. */
  static final long ENDLESS = ClientClock.NEVER;

  /** The protocol's limit. */
  private static final long LONGEST_WAIT_NANOS = TimeUnit.HOURS.toNanos(24);

  static AcquireDeadline of(long waitNanos, long begunNanos, long callTimeoutNanos) {
    long waitEndNanos = ClientClock.after(begunNanos, waitNanos);
    return new AcquireDeadline(
        waitNanos, begunNanos, ClientClock.after(waitEndNanos, callTimeoutNanos));
  }

  /** The end of the wait; {@link ClientClock#NEVER} if it has none. */
  long waitEndNanos() {
    return ClientClock.after(begunNanos, waitNanos);
  }

  /** Whether the caller still waits. */
  boolean isWaiting(long nowNanos) {
    return waitNanos == ENDLESS || begunNanos + waitNanos - nowNanos > 0;
  }

  /** The wait to ask a server for, which accepts {@code limitNanos} at most. */
  long requestedWaitNanos(long nowNanos, long limitNanos) {
    long left = waitNanos == ENDLESS ? LONGEST_WAIT_NANOS : waitNanos - elapsedNanos(nowNanos);
    return Math.min(Math.max(0, left), Math.min(LONGEST_WAIT_NANOS, limitNanos));
  }

  /** The time already waited, as a server accepts it. */
  long waitedNanos(long nowNanos) {
    return Math.min(elapsedNanos(nowNanos), LONGEST_WAIT_NANOS);
  }

  long elapsedNanos(long nowNanos) {
    return nowNanos - begunNanos;
  }
}
