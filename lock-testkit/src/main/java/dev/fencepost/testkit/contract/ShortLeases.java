package dev.fencepost.testkit.contract;

import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import java.time.Duration;
import java.util.Optional;

/**
 * The shortest leases, for tests in which a store loses its state: it may then grant nothing until
 * the longest lease that a replica remembers could have ended.
 */
final class ShortLeases {

  static final Lease LEASE = Lease.of(Lease.MIN_TTL);

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration QUIET_TIME = Duration.ofSeconds(3);

  private ShortLeases() {}

  /** Takes a lock as soon as the store grants it. */
  static Grant acquireWithin(ContractReplica party, LockName lock, StoreUnderTest store) {
    Optional<Grant> atOnce = tryAcquire(party, lock);
    if (atOnce.isPresent()) {
      return atOnce.orElseThrow();
    }
    store.elapse(QUIET_TIME);
    return await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .until(() -> tryAcquire(party, lock), Optional::isPresent)
        .orElseThrow();
  }

  private static Optional<Grant> tryAcquire(ContractReplica party, LockName lock) {
    try {
      return party
          .tryAcquire(TestClaims.on(lock, LEASE), QueueIntent.NONE)
          .fold(
              granted -> Optional.of(granted.grant()),
              busy -> Optional.empty(),
              foreign -> Optional.empty());
    } catch (StoreException e) {
      return Optional.empty();
    }
  }
}
