package dev.fencepost.cli.remote;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.GrantRef;
import java.time.Duration;

/**
 * A grant and the moment from which its holder counts.
 *
 * @param claim the claim that was granted
 * @param grant the terms in force
 * @param sentNanos the monotonic clock before the call was sent that made or renewed it
 */
public record HeldGrant(ClaimId claim, Grant grant, long sentNanos) {
  private static final int TIMELY_PART = 4;

  /** Whether an answer came soon enough for its grant to be counted from when it was asked for. */
  static boolean isTimely(Grant grant, Duration took) {
    return took.compareTo(WireDurations.fromWire(grant.getTtl()).dividedBy(TIMELY_PART)) <= 0;
  }

  long token() {
    return grant.getFencingToken();
  }

  /** The same grant, renewed: safe to use until {@code validUntilNanos}. */
  public HeldGrant until(long validUntilNanos) {
    return new HeldGrant(
        claim, grant, validUntilNanos - WireDurations.fromWire(grant.getValidFor()).toNanos());
  }

  /** What names the grant to the SDK. */
  public dev.fencepost.lock.GrantRef key() {
    return new dev.fencepost.lock.GrantRef(
        new LockName(grant.getName()), claim, new FencingToken(token()));
  }

  /** What names the grant on the wire. */
  public GrantRef ref() {
    return GrantRef.newBuilder()
        .setName(grant.getName())
        .setClaimId(claim.value())
        .setFencingToken(token())
        .build();
  }

  /** What is left of the time in which the lock is safe to use. */
  public Duration validFor(long nowNanos) {
    return WireDurations.fromWire(grant.getValidFor()).minusNanos(nowNanos - sentNanos);
  }
}
