package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.spi.StoreInfo.LeaseTerms;
import java.time.Duration;

/**
 * Rounds leases to those that etcd can grant: whole seconds, rounded up.
 *
 * @param minTtl the shortest ttl
 */
public record TtlRounding(Duration minTtl) {
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** Returns the rounding for an etcd whose shortest lease has this many seconds. */
  public static TtlRounding of(long shortestLeaseSeconds) {
    Duration least = Duration.ofSeconds(shortestLeaseSeconds - LeasePool.MARGIN_SECONDS);
    return new TtlRounding(least.compareTo(Lease.MIN_TTL) > 0 ? least : Lease.MIN_TTL);
  }

  public LeaseTerms terms() {
    return new LeaseTerms(minTtl, Lease.MAX_TTL, SECOND);
  }

  /** Returns the claim with a lease that etcd can grant. */
  public Claim round(Claim claim) {
    Duration ttl = roundUp(claim.lease().ttl());
    Duration allowed = ttl.compareTo(minTtl) < 0 ? minTtl : ttl;
    Lease lease = new Lease(allowed, roundUp(claim.lease().lockDelay()));
    return new Claim(claim.lock(), claim.id(), lease, claim.claimant());
  }

  /** Rounds up to whole seconds. */
  public static Duration roundUp(Duration time) {
    Duration floor = Duration.ofSeconds(time.toSeconds());
    return floor.equals(time) ? time : floor.plus(SECOND);
  }
}
