package dev.fencepost.backend.jdbc;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A clock that stands still while its source runs backwards. Safe for use by many threads. */
final class NonDecreasingClock implements LongSupplier {
  private final LongSupplier clock;
  private final AtomicLong latest = new AtomicLong(Long.MIN_VALUE);

  NonDecreasingClock(LongSupplier clock) {
    this.clock = clock;
  }

  @Override
  public long getAsLong() {
    return latest.accumulateAndGet(clock.getAsLong(), Math::max);
  }
}
