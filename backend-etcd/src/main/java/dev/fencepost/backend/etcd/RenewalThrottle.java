package dev.fencepost.backend.etcd;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How long renewals take. When many take too long, what can wait is held back until they are quick
 * again: the making and ending of leases, and releases. Nobody must lose a lock because others want
 * theirs, or give theirs back. Where few are under way, it is the network that is slow.
 *
 * <p>It is all or nothing in turn, not slowly all the time, since what is written makes keep-alives
 * dear for etcd 3.4 for a while after it, see {@link TxBufferFlusher} (etcd's pull request 12933
 * ends that in 3.5). A halt has an end even where renewals stay slow: what waits would be given up,
 * and releases are what makes them fewer. Safe for use by many threads.
 */
final class RenewalThrottle {
  /** From how long on renewals take too long, as a part of the call timeout. */
  static final int LONG_PART = 6;

  /** How long they take at most when they are quick again, as a part of the call timeout. */
  static final int SHORT_PART = 20;

  /** How much a renewal counts beside those before it, as a part. */
  static final int SMOOTHING = 64;

  /** More renewals under way than these are many. */
  static final int FEW = 200;

  /** The longest halt, as a part of the call timeout. */
  static final int HALT_PART = 2;

  /** How long what can wait goes on between halts at least, as a part of the call timeout. */
  static final int TURN_PART = 15;

  private final long callTimeoutNanos;
  private final LongSupplier clock;
  private int underWay;
  private long usualNanos;
  private long turnedNanos;
  private boolean halted;
  private boolean over;

  /**
   * No pressure yet.
   *
   * @param clock nanoseconds of which only differences count
   */
  RenewalThrottle(Duration callTimeout, LongSupplier clock) {
    callTimeoutNanos = callTimeout.toNanos();
    this.clock = clock;
    turnedNanos = clock.getAsLong() - callTimeoutNanos;
  }

  /** Counts a renewal until it is answered. */
  <T> CompletionStage<T> during(Supplier<CompletionStage<T>> renewal) {
    long begun = clock.getAsLong();
    synchronized (this) {
      underWay++;
      weigh(begun);
    }
    return AsyncCalls.of(renewal).whenComplete((renewed, error) -> ended(begun));
  }

  /** How much that can wait may be under way, of so much at most; none for a moment only. */
  int unhurried(int most) {
    return isHalting() ? 0 : most;
  }

  /** Whether what can wait is held back. */
  synchronized boolean isHalting() {
    weigh(clock.getAsLong());
    return halted && !over;
  }

  /** From now on nothing is held back. */
  synchronized void lift() {
    over = true;
  }

  private synchronized void ended(long begun) {
    long now = clock.getAsLong();
    underWay--;
    usualNanos += (now - begun - usualNanos) / SMOOTHING;
    weigh(now);
  }

  private void weigh(long now) {
    long since = now - turnedNanos;
    boolean many = underWay > FEW;
    boolean turn =
        halted
            ? !many || usualNanos <= part(SHORT_PART) || since >= part(HALT_PART)
            : many && usualNanos > part(LONG_PART) && since >= part(TURN_PART);
    if (turn) {
      halted = !halted;
      turnedNanos = now;
    }
  }

  private long part(int divisor) {
    return callTimeoutNanos / divisor;
  }
}
