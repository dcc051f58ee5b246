package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;

/**
 * The claim that a record carries, whether or not its lease has run out. * *
 *
 * @param claim its secret id
 * @param claimant its public part
 * @param lease the lease it was granted
 * @param acquiredAtMicros when it was granted, in µs since 1970 by the store's clock
 * @param expiresAtMicros when its lease ends
 */
public record Ownership(
    ClaimId claim, Claimant claimant, Lease lease, long acquiredAtMicros, long expiresAtMicros) {

  static Ownership begin(Claim claim, long nowMicros) {
    return new Ownership(
        claim.id(),
        claim.claimant(),
        claim.lease(),
        nowMicros,
        nowMicros + MicrosecondTime.of(claim.lease().ttl()));
  }

  Ownership renewed(long nowMicros) {
    long end = Math.max(expiresAtMicros, nowMicros + MicrosecondTime.of(lease.ttl()));
    return new Ownership(claim, claimant, lease, acquiredAtMicros, end);
  }

  boolean heldAt(long nowMicros) {
    return nowMicros < expiresAtMicros;
  }

  long freeAtMicros() {
    return expiresAtMicros + MicrosecondTime.of(lease.lockDelay());
  }
}
