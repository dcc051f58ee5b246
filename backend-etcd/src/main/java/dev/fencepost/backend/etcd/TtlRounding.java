package dev.fencepost.backend.etcd;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.spi.StoreInfo.LeaseTerms;
import java.time.Duration;

/**
 * Which leases etcd keeps: whole seconds, rounded up.
 *
 * @param minTtl the shortest
 */
record TtlRounding(Duration minTtl) {
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** What etcd allows, by the shortest lease that it grants. */
  static TtlRounding of(long shortestLeaseSeconds) {
    Duration least = Duration.ofSeconds(shortestLeaseSeconds - LeasePool.MARGIN_SECONDS);
    return new TtlRounding(least.compareTo(Lease.MIN_TTL) > 0 ? least : Lease.MIN_TTL);
  }

  LeaseTerms terms() {
    return new LeaseTerms(minTtl, Lease.MAX_TTL, SECOND);
  }

  /** The claim with the lease that it can have. */
  Claim rounded(Claim claim) {
    Duration ttl = up(claim.lease().ttl());
    Duration allowed = ttl.compareTo(minTtl) < 0 ? minTtl : ttl;
    Lease lease = new Lease(allowed, up(claim.lease().lockDelay()));
    return new Claim(claim.lock(), claim.id(), lease, claim.claimant());
  }

  /** Whole seconds, rounded up. */
  static Duration up(Duration time) {
    Duration floor = Duration.ofSeconds(time.toSeconds());
    return floor.equals(time) ? time : floor.plus(SECOND);
  }
}
