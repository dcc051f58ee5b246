package dev.fencepost.backend.zookeeper.client;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The ensemble's clock as far as this replica has heard of it: each answer to a write names the
 * leader's time, which it cannot be behind of when the answer arrives. Never ahead of the leader's,
 * so what is left of a lease by it is at most too much. For display only, and for the first base of
 * tokens: no lease ends by it. Safe for use by many threads.
 */
public final class EnsembleClock {
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NANOS_PER_MICRO = 1_000;
  private static final long UNKNOWN = Long.MIN_VALUE;

  private final AtomicLong offsetNanos = new AtomicLong(UNKNOWN);

  /** A write that was answered right now was made at that time. */
  public void recordWriteTime(long leaderMillis) {
    long offset = leaderMillis * NANOS_PER_MILLI - System.nanoTime();
    if (offset > offsetNanos.get()) {
      offsetNanos.accumulateAndGet(offset, Math::max);
    }
  }

  /** Forgets what it heard: another leader may have another clock. */
  public void reset() {
    offsetNanos.set(UNKNOWN);
  }

  /** The time in ns since 1970, or a little less; 0 if nothing was heard yet. */
  public long nowNanos() {
    long offset = offsetNanos.get();
    return offset == UNKNOWN ? 0 : offset + System.nanoTime();
  }

  public long nowMicros() {
    return nowNanos() / NANOS_PER_MICRO;
  }
}
