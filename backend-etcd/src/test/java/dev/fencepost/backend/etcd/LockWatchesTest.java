package dev.fencepost.backend.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.backend.etcd.ObservedLock.Basis;
import dev.fencepost.backend.etcd.ObservedLock.ReplicaQueue;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The cache of a watched lock at an etcd that was restored from a backup. */
final class LockWatchesTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  /** etcd will not reach it within the test. */
  private static final long BEFORE_THE_RESTORE = 1_000_000;

  private static final long AFTER_THE_RESTORE = 10;

  @Test
  void revisionsFromBeforeARestore_areForgotten() throws InterruptedException {
    EtcdSettings settings = EtcdSettings.of(StoreSettings.of(ETCD.uri("watches")));
    EtcdConnections connections = new EtcdConnections(settings);
    BlockingQueue<LockName> wakes = new LinkedBlockingQueue<>();
    LockName lock = new LockName("watched");
    ReplicaId self = ReplicaId.of(1);
    EtcdSchema schema = new EtcdSchema(settings.prefix());
    try (LockWatches watches =
        new LockWatches(connections, schema, self, wakes::add, Duration.ofSeconds(20))) {
      ReplicaQueue former = new ReplicaQueue(List.of(self), BEFORE_THE_RESTORE);
      watches.watch(
          new ObservedLock(lock, Optional.empty(), former, Basis.READ), BEFORE_THE_RESTORE);
      assertThat(wakes.poll(20, TimeUnit.SECONDS)).isEqualTo(lock);
      ReplicaQueue present = new ReplicaQueue(List.of(self), AFTER_THE_RESTORE);
      watches.recordQueue(lock, present);
      assertThat(watches.queueOf(lock)).isEqualTo(present);
      watches.unwatch(lock, AFTER_THE_RESTORE);
      assertThat(watches.queueOf(lock)).isEqualTo(ReplicaQueue.NONE);
    } finally {
      connections.close();
    }
  }
}
