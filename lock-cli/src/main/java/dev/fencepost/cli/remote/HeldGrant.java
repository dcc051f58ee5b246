package dev.fencepost.cli.remote;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import java.time.Duration;

/**
 * A grant and the moment from which its holder counts the lease.
 *
 * @param claim the claim that was granted
 * @param grant the current terms
 * @param sentNanos the monotonic clock before the acquire or the last renewal was sent
 */
public record HeldGrant(ClaimId claim, Grant grant, long sentNanos) {
  private static final int TIMELY_PART = 4;

  /** True if the answer came soon enough to count the lease from the moment of the request. */
  static boolean isTimely(Grant grant, Duration took) {
    return took.compareTo(WireDurations.fromWire(grant.getTtl()).dividedBy(TIMELY_PART)) <= 0;
  }

  long token() {
    return grant.getFencingToken();
  }

  /** The same grant after a renewal, safe to use until {@code validUntilNanos}. */
  public HeldGrant renewedUntil(long validUntilNanos) {
    return new HeldGrant(
        claim, grant, validUntilNanos - WireDurations.fromWire(grant.getValidFor()).toNanos());
  }

  /** The reference to this grant in the SDK. */
  public dev.fencepost.lock.GrantRef sdkRef() {
    return new dev.fencepost.lock.GrantRef(
        new LockName(grant.getName()), claim, new FencingToken(token()));
  }

  /** The reference to this grant on the wire. */
  public GrantRef wireRef() {
    return GrantRef.newBuilder()
        .setName(grant.getName())
        .setClaimId(claim.value())
        .setFencingToken(token())
        .build();
  }

  /** The time for which the lock is still safe to use; negative if it has passed. */
  public Duration remaining(long nowNanos) {
    return WireDurations.fromWire(grant.getValidFor()).minusNanos(nowNanos - sentNanos);
  }
}
