package dev.fencepost.backend.etcd;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How long renewals take. While many take too long, what can wait is held back for most of each
 * second: the making and ending of leases, and releases. Nobody must lose a lock because others
 * want theirs, or give theirs back. Where few are under way, it is the network that is slow.
 *
 * <p>It goes in turns, not slowly all the time, since etcd 3.4 copies what was written last for
 * each keep-alive that it answers, and is rid of that a moment after the last write (etcd's pull
 * request 12933 ends that in 3.5). Safe for use by many threads.
 */
final class Pressure {
  /** How long a renewal may usually take, as a part of the call timeout. */
  static final int LONG_PART = 20;

  /** How much a renewal counts beside those before it, as a part. */
  static final int SMOOTHING = 64;

  /** More renewals under way than these are many. */
  static final int FEW = 200;

  private static final long HALT_NANOS = Duration.ofMillis(800).toNanos();
  private static final long TURN_NANOS = Duration.ofSeconds(1).toNanos();

  private final long longNanos;
  private final LongSupplier clock;
  private int underWay;
  private long usualNanos;
  private long pressedSinceNanos;
  private boolean pressed;
  private boolean over;

  /**
   * No pressure yet.
   *
   * @param clock nanoseconds of which only differences count
   */
  Pressure(Duration callTimeout, LongSupplier clock) {
    longNanos = callTimeout.toNanos() / LONG_PART;
    this.clock = clock;
  }

  /** Counts a renewal until it is answered. */
  <T> CompletionStage<T> during(Supplier<CompletionStage<T>> renewal) {
    long begun = clock.getAsLong();
    synchronized (this) {
      underWay++;
      weigh(begun);
    }
    return Answer.of(renewal).whenComplete((renewed, error) -> ended(begun));
  }

  /** How much that can wait may be under way, of so much at most; none for a moment only. */
  synchronized int unhurried(int most) {
    boolean halted =
        pressed && !over && (clock.getAsLong() - pressedSinceNanos) % TURN_NANOS < HALT_NANOS;
    return halted ? 0 : most;
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
    boolean press = underWay > FEW && usualNanos > longNanos;
    if (press && !pressed) {
      pressedSinceNanos = now;
    }
    pressed = press;
  }
}
