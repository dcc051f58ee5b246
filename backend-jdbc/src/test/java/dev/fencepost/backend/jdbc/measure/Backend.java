package dev.fencepost.backend.jdbc.measure;

import dev.fencepost.backend.jdbc.JdbcBackendProvider;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.Line;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;

/** The backend, as its coordinator calls it, by callers who wait for each answer. */
final class Backend implements Side {
  private static final Lease LEASE = Lease.of(Duration.ofSeconds(30));
  private static final Claimant CLAIMANT = Claimant.named("host-1:4711/orders");

  private final LockBackend backend;
  private final Map<String, String> options;

  Backend(String uri, Map<String, String> options) {
    this.options = options;
    backend =
        new JdbcBackendProvider()
            .create(new StoreSettings(uri, StoreSettings.DEFAULT_CALL_TIMEOUT, options));
    Replica self =
        new Replica(ReplicaId.of(new Random().nextLong()), "localhost:7420", Replica.Phase.SERVING);
    backend.open(self, lock -> {}).toCompletableFuture().join();
  }

  @Override
  public String name() {
    return "Fencepost " + options;
  }

  @Override
  public void pair(String name) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    ClaimId id = new ClaimId(String.format("%016x%016x", random.nextLong(), random.nextLong()));
    LockName lock = new LockName(name);
    Attempt attempt =
        backend
            .tryAcquire(new Claim(lock, id, LEASE, CLAIMANT), Line.NONE)
            .toCompletableFuture()
            .join();
    if (!(attempt instanceof Attempt.Granted granted)) {
      throw new IllegalStateException("not granted: " + attempt);
    }
    Release release =
        backend.release(ReleaseOrder.of(granted.grant().ref())).toCompletableFuture().join();
    if (!release.equals(new Release.Released())) {
      throw new IllegalStateException("not released: " + release);
    }
  }

  @Override
  public void close() {
    backend.close();
  }
}
