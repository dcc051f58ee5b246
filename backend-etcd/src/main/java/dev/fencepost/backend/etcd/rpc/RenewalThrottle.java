package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadline;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Holds back deferrable work while many renewals take too long: making and ending leases, and
 * releases. Nobody must lose a lock because others want theirs, or give theirs back. With few
 * renewals in flight a long one means a slow network, and nothing is held back.
 *
 * <p>Halts alternate with full speed; a slow trickle would not help. In etcd 3.4, written data
 * makes keep-alives expensive for a while after the write, see {@link #flushServerBuffers} (etcd's
 * pull request 12933 ends that in 3.5). A halt ends even if renewals stay slow: queued work would
 * time out, and releases reduce the number of renewals. Safe for use by many threads.
 */
final class RenewalThrottle {
  /** Renewals are slow above the call timeout divided by this. */
  static final int SLOW_DIVISOR = 6;

  /** Renewals are fast again below the call timeout divided by this. */
  static final int FAST_DIVISOR = 20;

  /** The weight of one renewal in the moving average is one divided by this. */
  static final int SMOOTHING = 64;

  /** More renewals in flight than these are many. */
  static final int FEW = 200;

  /** The longest halt is the call timeout divided by this. */
  static final int HALT_DIVISOR = 2;

  /** Between two halts, work runs for at least the call timeout divided by this. */
  static final int RUN_DIVISOR = 15;

  /** etcd lengthens it if necessary. */
  private static final long FLUSH_SECONDS = 1;

  private final long callTimeoutNanos;
  private final LongSupplier clock;
  private int inFlight;
  private long averageNanos;
  private long switchedNanos;
  private boolean halted;

  /**
   * A throttle that holds back nothing yet.
   *
   * @param clock nanoseconds; only differences count
   */
  RenewalThrottle(Duration callTimeout, LongSupplier clock) {
    callTimeoutNanos = callTimeout.toNanos();
    this.clock = clock;
    switchedNanos = clock.getAsLong() - callTimeoutNanos;
  }

  /** Runs a renewal and measures its time. */
  <T> CompletionStage<T> measure(Supplier<? extends CompletionStage<T>> renewal) {
    long begun = clock.getAsLong();
    synchronized (this) {
      inFlight++;
      update(begun);
    }
    return AsyncCalls.start(renewal).whenComplete((renewed, error) -> onRenewalEnded(begun));
  }

  /** Returns how many deferrable calls may run: {@code most}, or 0 while a halt lasts. */
  int deferrableLimit(int most) {
    return isHalting() ? 0 : most;
  }

  /** True while deferrable work is held back. */
  synchronized boolean isHalting() {
    update(clock.getAsLong());
    return halted;
  }

  /**
   * Makes etcd drop the write buffers that it copies for each keep-alive, while a halt lasts.
   * Called a few times a second.
   *
   * <p>etcd 3.4 keeps the writes since its last commit in one buffer for each kind. A buffer is as
   * large as the most writes between two commits, and etcd drops it only in a commit before which
   * that kind had no write. Without a write there is no commit, and at most ten commits a second
   * ({@code mvcc/backend/tx_buffer.go}). After 1,000 keys that ended with their lease, a keep-alive
   * costs five times as much, until two commits had no key. A lease without a key makes such a
   * commit, and another one when it ends.
   */
  void flushServerBuffers(LeaseClient leases) {
    if (isHalting()) {
      CallDeadline deadline = new CallDeadline(System.nanoTime() + callTimeoutNanos);
      leases.grant(FLUSH_SECONDS, LeaseClient.LeaseUse.FREE, deadline);
    }
  }

  private synchronized void onRenewalEnded(long begun) {
    long now = clock.getAsLong();
    inFlight--;
    averageNanos += (now - begun - averageNanos) / SMOOTHING;
    update(now);
  }

  private void update(long now) {
    long since = now - switchedNanos;
    boolean many = inFlight > FEW;
    boolean switchNow =
        halted
            ? !many || averageNanos <= part(FAST_DIVISOR) || since >= part(HALT_DIVISOR)
            : many && averageNanos > part(SLOW_DIVISOR) && since >= part(RUN_DIVISOR);
    if (switchNow) {
      halted = !halted;
      switchedNanos = now;
    }
  }

  private long part(int divisor) {
    return callTimeoutNanos / divisor;
  }
}
