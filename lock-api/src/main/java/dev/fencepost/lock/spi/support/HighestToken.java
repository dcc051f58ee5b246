package dev.fencepost.lock.spi.support;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The highest token that this replica has seen. No new token is below it, even if the store lost
 * its data and its clock is behind. Safe for use by many threads.
 */
public final class HighestToken {
  private final AtomicLong highest = new AtomicLong();

  /** Returns the highest token seen; 0 if there was none. */
  public long value() {
    return highest.get();
  }

  /** Returns the lowest token that a new grant may get. */
  public long lowestNew() {
    return highest.get() + 1;
  }

  /** Remembers a token that the store showed. */
  public void record(long token) {
    if (token > highest.get()) {
      highest.accumulateAndGet(token, Math::max);
    }
  }
}
