package dev.fencepost.testkit.contract;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.UUID;

/** Makes claims for tests. */
final class TestClaims {

  /** Long enough never to end within a test. */
  static final Duration LONG = Duration.ofMinutes(5);

  private TestClaims() {}

  /** A claim whose lease does not end within a test. */
  static Claim on(LockName lock) {
    return on(lock, Lease.of(LONG));
  }

  static Claim on(LockName lock, Lease lease) {
    return on(lock, lease, Claimant.named("contract"));
  }

  static Claim on(LockName lock, Lease lease, Claimant claimant) {
    return new Claim(lock, newId(), lease, claimant);
  }

  /** The same claim, made by this principal. */
  static Claim madeBy(Claim claim, String principal) {
    Claimant by = claim.claimant();
    return new Claim(
        claim.lock(),
        claim.id(),
        claim.lease(),
        new Claimant(by.owner(), principal, by.mode(), by.metadata()));
  }

  static ClaimId newId() {
    return new ClaimId(UUID.randomUUID().toString().replace("-", ""));
  }

  /** A reference to a grant that never existed. */
  static GrantRef withToken(GrantRef grant, long token) {
    return new GrantRef(grant.lock(), grant.claim(), new FencingToken(token), grant.principal());
  }
}
