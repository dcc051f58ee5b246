package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;

/**
 * The claim that a record carries, whether or not its lease has run out.
 *
 * @param claim its secret
 * @param claimant who it is
 * @param lease the lease it was granted
 * @param acquiredAtMicros when it was granted, in µs since 1970 by the store's clock
 * @param expiresAtMicros when its lease ends
 */
public record Tenure(
    ClaimId claim, Claimant claimant, Lease lease, long acquiredAtMicros, long expiresAtMicros) {

  static Tenure begin(Claim claim, long nowMicros) {
    return new Tenure(
        claim.id(),
        claim.claimant(),
        claim.lease(),
        nowMicros,
        nowMicros + Micros.of(claim.lease().ttl()));
  }

  Tenure renewed(long nowMicros) {
    long end = Math.max(expiresAtMicros, nowMicros + Micros.of(lease.ttl()));
    return new Tenure(claim, claimant, lease, acquiredAtMicros, end);
  }

  boolean heldAt(long nowMicros) {
    return nowMicros < expiresAtMicros;
  }

  long freeAtMicros() {
    return expiresAtMicros + Micros.of(lease.lockDelay());
  }
}
