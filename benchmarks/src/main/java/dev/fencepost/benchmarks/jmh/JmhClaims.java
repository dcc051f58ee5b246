package dev.fencepost.benchmarks.jmh;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** Claims as clients create them. */
final class JmhClaims {
  static final Lease LEASE = Lease.of(Duration.ofSeconds(30));

  private static final Claimant CLAIMANT = Claimant.named("host-1:4711/orders");

  private JmhClaims() {}

  static Claim of(String lock) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    ClaimId id = new ClaimId(new UUID(random.nextLong(), random.nextLong()).toString());
    return new Claim(new LockName(lock), id, LEASE, CLAIMANT);
  }

  static GrantRef granted(Attempt attempt) {
    return attempt.fold(
        granted -> granted.grant().ref(),
        busy -> {
          throw new IllegalStateException("not granted: " + busy);
        },
        foreign -> {
          throw new IllegalStateException("of another principal: " + foreign);
        });
  }
}
