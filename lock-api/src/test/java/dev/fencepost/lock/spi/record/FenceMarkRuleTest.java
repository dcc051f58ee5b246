package dev.fencepost.lock.spi.record;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class FenceMarkRuleTest {
  private static final long DAY_NANOS = Duration.ofDays(1).toNanos();

  @Test
  void token_isStaleUnchangedOrAdvanced() {
    assertThat(FenceMarkRule.verdict(7, token(6))).isEqualTo(new FenceAdvance.Stale(token(7)));
    assertThat(FenceMarkRule.verdict(7, token(7))).isEqualTo(new FenceAdvance.Unchanged(token(7)));
    assertThat(FenceMarkRule.verdict(7, token(8))).isEqualTo(new FenceAdvance.Advanced(token(8)));
    assertThat(FenceMarkRule.verdict(0, token(1))).isEqualTo(new FenceAdvance.Advanced(token(1)));
  }

  @Test
  void highestAccepted_isADayAheadAndNeverWraps() {
    assertThat(FenceMarkRule.highestAccepted(5)).isEqualTo(5_000 + DAY_NANOS);
    assertThat(FenceMarkRule.dayAfter(5)).isEqualTo(5 + DAY_NANOS);
    assertThat(FenceMarkRule.dayAfter(Long.MAX_VALUE - 1)).isEqualTo(Long.MAX_VALUE);
  }

  private static FencingToken token(long value) {
    return new FencingToken(value);
  }
}
