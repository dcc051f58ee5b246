package dev.fencepost.cli.run;

import dev.fencepost.cli.remote.HeldGrant;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.proto.v1.Grant;
import java.time.Duration;

/**
 * When to act on a lease, on the monotonic clock. The process group has to be gone well before the
 * lease ends at the store, which is never sooner than the ttl after the call was sent.
 *
 * @param warnAtNanos when to tell that the lease should have been renewed
 * @param termAtNanos when to give up and ask the group to end
 * @param killAtNanos when to end it by force
 */
record LeaseTimes(long warnAtNanos, long termAtNanos, long killAtNanos) {
  /** Nothing of the group is alive this long before the lease ends at the store. */
  private static final Duration CLEAR = Duration.ofMillis(200);

  /** A busy machine may take as long as this to deliver a signal and to bury a process. */
  private static final Duration LONGEST_SLACK = Duration.ofMillis(500);

  private static final int SLACK_PART = 8;
  private static final int RENEWALS_PART = 4;

  /** The SDK tries another way when a renewal was not answered for so long, or for this part. */
  private static final Duration LONGEST_SILENCE = Duration.ofSeconds(2);

  private static final int SILENCE_PART = 6;

  /** The time to make another connection and to renew through it, or this part of the lease. */
  private static final Duration LONGEST_DETOUR = Duration.ofSeconds(1);

  private static final int DETOUR_PART = 10;

  /**
   * Splits a lease into time to renew, time to end, and a margin.
   *
   * @param killAfter how long the group may take to end; less if there would not be the time to
   *     notice that a server is silent and to renew through another
   */
  static LeaseTimes of(HeldGrant held, Duration killAfter) {
    Grant grant = held.grant();
    Duration ttl = WireDurations.fromWire(grant.getTtl());
    Duration usable = shorter(WireDurations.fromWire(grant.getValidFor()), ttl.minus(CLEAR));
    long kill = usable.minus(shorter(LONGEST_SLACK, ttl.dividedBy(SLACK_PART))).toNanos();
    long renew = Math.min(WireDurations.fromWire(grant.getRenewAfter()).toNanos(), kill / 2);
    long repeat =
        Math.max(
            (kill - renew) / RENEWALS_PART,
            shorter(LONGEST_SILENCE, ttl.dividedBy(SILENCE_PART))
                .plus(shorter(LONGEST_DETOUR, ttl.dividedBy(DETOUR_PART)))
                .toNanos());
    long term = Math.max(kill - killAfter.toNanos(), Math.min(renew + repeat, kill));
    long warn = renew + (term - renew) / 2;
    return new LeaseTimes(
        held.sentNanos() + warn, held.sentNanos() + term, held.sentNanos() + kill);
  }

  /** The time between TERM and KILL. */
  Duration grace() {
    return Duration.ofNanos(killAtNanos - termAtNanos);
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }
}
