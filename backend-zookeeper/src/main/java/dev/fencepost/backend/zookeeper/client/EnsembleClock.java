package dev.fencepost.backend.zookeeper.client;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Estimates the ensemble's clock. Each answer to a write carries the leader's time of that write.
 * When the answer arrives, the leader's clock shows that time or a later one. So the estimate is
 * never ahead of the leader, and a remaining lease computed from it is at most too long. Used for
 * display and for the first base of tokens only; no lease ends by it. Safe for use by many threads.
 */
public final class EnsembleClock {
  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NANOS_PER_MICRO = 1_000;
  private static final long UNKNOWN = Long.MIN_VALUE;

  private final AtomicLong offsetNanos = new AtomicLong(UNKNOWN);

  /** Records the leader's time of a write whose answer has just arrived. */
  public void recordWriteTime(long leaderMillis) {
    long offset = leaderMillis * NANOS_PER_MILLI - System.nanoTime();
    if (offset > offsetNanos.get()) {
      offsetNanos.accumulateAndGet(offset, Math::max);
    }
  }

  /** Forgets all recorded times, because another leader may have another clock. */
  public void reset() {
    offsetNanos.set(UNKNOWN);
  }

  /** Returns the time in ns since 1970 or slightly less; 0 if nothing was recorded yet. */
  public long nowNanos() {
    long offset = offsetNanos.get();
    return offset == UNKNOWN ? 0 : offset + System.nanoTime();
  }

  /** Returns the time in µs since 1970, as {@link #nowNanos} does. */
  public long nowMicros() {
    return nowNanos() / NANOS_PER_MICRO;
  }

  /** True if a node that was written then is this old. */
  public boolean isOlder(long leaderMillis, Duration age) {
    return nowNanos() / NANOS_PER_MILLI - leaderMillis >= age.toMillis();
  }
}
