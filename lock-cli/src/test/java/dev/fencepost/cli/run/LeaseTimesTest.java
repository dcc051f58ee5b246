package dev.fencepost.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.cli.remote.HeldGrant;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Lease;
import dev.fencepost.proto.v1.Grant;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeaseTimesTest {
  private static final long SENT_NANOS = Long.MAX_VALUE - 1_000;

  @Test
  void defaultLease_leavesTheWholeTimeToEnd() {
    LeaseTimes times = times(Duration.ofSeconds(15), Duration.ofSeconds(5));
    assertThat(times.grace()).isEqualTo(Duration.ofSeconds(5));
    assertThat(after(times.warnAtNanos())).isEqualTo(Duration.ofMillis(6_500));
    assertThat(after(times.killAtNanos())).isEqualTo(Duration.ofSeconds(13));
  }

  @ParameterizedTest
  @CsvSource({"500, 5000", "2000, 0", "2000, 5000", "3000, 60000", "15000, 5000", "86400000, 5000"})
  void anyLease_hasTimeToRenewThenIsGivenUpThenCleared(long ttlMillis, long killAfterMillis) {
    Duration ttl = Duration.ofMillis(ttlMillis);
    LeaseTimes times = times(ttl, Duration.ofMillis(killAfterMillis));
    assertThat(after(times.warnAtNanos())).isPositive().isLessThan(after(times.termAtNanos()));
    assertThat(times.grace()).isBetween(Duration.ZERO, Duration.ofMillis(killAfterMillis));
    assertThat(after(times.killAtNanos()))
        .isLessThan(ttl.minusMillis(200))
        .isLessThan(Duration.ofMillis(ttlMillis * 9 / 10));
  }

  /** The SDK notices after a sixth of the lease, and then needs a connection and an answer. */
  @ParameterizedTest
  @CsvSource({"2000, 5000", "3000, 5000", "4000, 5000", "8000, 5000", "15000, 60000"})
  void silentServer_isLeftForAnother_beforeTheLockIsGivenUp(long ttlMillis, long killAfterMillis) {
    LeaseTimes times = times(Duration.ofMillis(ttlMillis), Duration.ofMillis(killAfterMillis));
    Duration noticed = Duration.ofMillis(ttlMillis / 3 + Math.min(2_000, ttlMillis / 6));
    assertThat(after(times.termAtNanos()))
        .isGreaterThan(noticed.plusMillis(Math.min(900, ttlMillis / 11)));
    assertThat(times.grace()).isPositive();
  }

  private static LeaseTimes times(Duration ttl, Duration killAfter) {
    Duration valid =
        ttl.compareTo(Lease.MIN_TTL) < 0 ? ttl.minusMillis(50) : Lease.of(ttl).validFor();
    Grant grant =
        Grant.newBuilder()
            .setTtl(WireDurations.toWire(ttl))
            .setValidFor(WireDurations.toWire(valid))
            .setRenewAfter(WireDurations.toWire(ttl.dividedBy(3)))
            .build();
    return LeaseTimes.of(
        new HeldGrant(new ClaimId("0123456789abcdef0123456789abcdef"), grant, SENT_NANOS),
        killAfter);
  }

  /** The clock may overflow; differences stay correct. */
  private static Duration after(long nanos) {
    return Duration.ofNanos(nanos - SENT_NANOS);
  }
}
