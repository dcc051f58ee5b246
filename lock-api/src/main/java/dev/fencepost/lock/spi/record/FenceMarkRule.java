package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import java.util.concurrent.TimeUnit;

/** The rule of fence marks: a token passes at or above the mark and at most one day ahead. */
public final class FenceMarkRule {
  private static final long DAY_NANOS = TimeUnit.DAYS.toNanos(1);

  private FenceMarkRule() {}

  /** The highest token that passes by the clock alone. */
  public static long highestAccepted(long nowMicros) {
    return dayAfter(Math.multiplyExact(nowMicros, 1_000L));
  }

  /** The highest token that passes beside one that was granted. */
  public static long dayAfter(long token) {
    return token > Long.MAX_VALUE - DAY_NANOS ? Long.MAX_VALUE : token + DAY_NANOS;
  }

  /**
   * Compares a token that is not too far ahead with the mark.
   *
   * @param mark the mark before; 0 if there was none
   */
  public static FenceAdvance verdict(long mark, FencingToken token) {
    if (token.value() < mark) {
      return new FenceAdvance.Stale(new FencingToken(mark));
    }
    return token.value() == mark
        ? new FenceAdvance.Unchanged(token)
        : new FenceAdvance.Advanced(token);
  }
}
