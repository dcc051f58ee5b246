package dev.fencepost.cli.run;

import dev.fencepost.cli.remote.HeldGrant;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.proto.v1.Grant;
import java.time.Duration;

/**
 * The times at which to act on a lease, on the monotonic clock. The process group must have ended
 * before the lease ends at the store, which is never sooner than the ttl after the call was sent.
 *
 * @param warnAtNanos when to warn that the lease has not been renewed
 * @param termAtNanos when to give the lock up and send TERM
 * @param killAtNanos when to send KILL
 */
record LeaseTimes(long warnAtNanos, long termAtNanos, long killAtNanos) {
  /** No process of the group is alive this long before the lease ends at the store. */
  private static final Duration MARGIN = Duration.ofMillis(200);

  /** The time in which a busy machine delivers a signal and ends a process. */
  private static final Duration MAX_SLACK = Duration.ofMillis(500);

  private static final int SLACK_PART = 8;
  private static final int RENEWALS_PART = 4;

  /** The SDK tries another server when a renewal is not answered for this time, or this part. */
  private static final Duration MAX_SILENCE = Duration.ofSeconds(2);

  private static final int SILENCE_PART = 6;

  /** The time to connect to another server and to renew there, or this part of the lease. */
  private static final Duration MAX_RECONNECT = Duration.ofSeconds(1);

  private static final int RECONNECT_PART = 10;

  /**
   * Splits a lease into time to renew, time to end, and a margin.
   *
   * @param killAfter the wanted time from TERM to KILL. It is shortened if no time were left to
   *     notice a silent server and to renew through another one.
   */
  static LeaseTimes of(HeldGrant held, Duration killAfter) {
    Grant grant = held.grant();
    Duration ttl = WireDurations.fromWire(grant.getTtl());
    Duration usable = min(WireDurations.fromWire(grant.getValidFor()), ttl.minus(MARGIN));
    long killNanos = usable.minus(min(MAX_SLACK, ttl.dividedBy(SLACK_PART))).toNanos();
    long renewNanos =
        Math.min(WireDurations.fromWire(grant.getRenewAfter()).toNanos(), killNanos / 2);
    long retryNanos =
        Math.max(
            (killNanos - renewNanos) / RENEWALS_PART,
            min(MAX_SILENCE, ttl.dividedBy(SILENCE_PART))
                .plus(min(MAX_RECONNECT, ttl.dividedBy(RECONNECT_PART)))
                .toNanos());
    long termNanos =
        Math.max(killNanos - killAfter.toNanos(), Math.min(renewNanos + retryNanos, killNanos));
    long warnNanos = renewNanos + (termNanos - renewNanos) / 2;
    return new LeaseTimes(
        held.sentNanos() + warnNanos, held.sentNanos() + termNanos, held.sentNanos() + killNanos);
  }

  /** The time between TERM and KILL. */
  Duration grace() {
    return Duration.ofNanos(killAtNanos - termAtNanos);
  }

  private static Duration min(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }
}
