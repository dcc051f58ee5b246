package dev.fencepost.fence.pause;

import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.model.ModelBackend;
import dev.fencepost.testkit.model.ModelServer;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/** Grants locks by the rules that all stores keep, with leases that really expire. */
final class LeasedLocks {

  private final ModelBackend backend = ModelServer.direct().newBackend();

  LeasedLocks() {
    backend.open(new Replica(ReplicaId.of(1), "", Replica.Phase.SERVING), lock -> {});
  }

  /** Acquires a free lock, whose lease is never renewed. */
  FencingToken take(String lock, Duration ttl) {
    return tryTake(lock, ttl).orElseThrow(() -> new AssertionError(lock + " is held"));
  }

  /** Acquires the lock as soon as its present lease has expired. */
  FencingToken takeWhenExpired(String lock, Duration ttl) {
    return await("the lease of " + lock + " to end")
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(30))
        .until(() -> tryTake(lock, ttl), Optional::isPresent)
        .orElseThrow();
  }

  private Optional<FencingToken> tryTake(String lock, Duration ttl) {
    ClaimId id = new ClaimId(UUID.randomUUID().toString().replace("-", ""));
    Claim claim = new Claim(new LockName(lock), id, Lease.of(ttl), Claimant.named("fence test"));
    return backend
        .tryAcquire(claim, QueueIntent.NONE)
        .toCompletableFuture()
        .join()
        .fold(
            (Attempt.Granted granted) -> Optional.of(granted.grant().ref().token()),
            busy -> Optional.empty(),
            foreign -> Optional.empty());
  }
}
