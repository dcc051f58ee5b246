package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.backend.zookeeper.lock.LockSweeper;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.OpenOnce;
import dev.fencepost.testkit.replica.OpenReplica;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** An open backend on ZooKeeper. */
final class TestReplica extends OpenReplica<OpenOnce<ZookeeperStore>> {
  static final Duration CALL_TIMEOUT = Duration.ofSeconds(5);
  static final Map<String, String> OPTIONS = Map.of("session-timeout", "4s");

  TestReplica(String uri) {
    this(uri, OPTIONS);
  }

  TestReplica(String uri, Map<String, String> options) {
    super(
        new OpenOnce<>(
            new ZookeeperBackend(
                ZookeeperSettings.of(new StoreSettings(uri, CALL_TIMEOUT, options)),
                new Random())));
  }

  ZookeeperStore store() {
    return backend().store().orElseThrow();
  }

  /** Deletes locks and marks that were unused for these times, in all buckets. */
  void purge(Duration locks, Duration marks) {
    LockSweeper.PurgeAges ages = new LockSweeper.PurgeAges(locks, marks);
    for (int i = 0; i < NodeName.BUCKETS; i += LockSweeper.BUCKETS_AT_ONCE) {
      answer(store().sweeper.purge(i, ages));
    }
  }

  Grant acquire(String lock, Lease lease) {
    return acquire(claim(lock, lease));
  }

  /** True if the outcome of the call is unknown, so that a retry may settle it. */
  static boolean isUnanswered(@Nullable Throwable error) {
    return error instanceof StoreException
        || (error instanceof CompletionException && error.getCause() instanceof StoreException);
  }

  /** A backend that may be unable to open. */
  static final class UnopenedReplica implements AutoCloseable {
    private final LockBackend backend;

    UnopenedReplica(StoreSettings settings) {
      backend = new ZookeeperBackendProvider().create(settings);
    }

    CompletionStage<StoreInfo> open() {
      Replica self = new Replica(ReplicaId.of(1), "nowhere:1", Replica.Phase.SERVING);
      return backend.open(self, lock -> {});
    }

    @Override
    public void close() {
      backend.close();
    }
  }
}
