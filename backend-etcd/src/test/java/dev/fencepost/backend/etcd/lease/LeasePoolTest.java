package dev.fencepost.backend.etcd.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.etcd.RunningServer;
import dev.fencepost.backend.etcd.lease.LeasePool.PooledLease;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.RequestGate;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Leases that come back from locks that were held for a while. */
final class LeasePoolTest {
  private static final long SECONDS = 600;
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private final AtomicInteger revocationLimit = new AtomicInteger();

  @Test
  void surplusLease_isRevokedWithoutBeingKeptAlive() {
    EtcdSettings settings =
        EtcdSettings.of(new StoreSettings(ETCD.uri("pool"), TIMEOUT, Map.of("idle-leases", "0")));
    EtcdConnections connections = new EtcdConnections(settings);
    // Every keep-alive fails, and its lease is not revoked.
    KeepAliveStream keepAlives = new KeepAliveStream(connections, 1);
    keepAlives.close();
    try {
      RequestGate gate = new RequestGate(1, 1);
      LeaseClient leases =
          new LeaseClient(connections, ThreadLocalRandom.current()::nextLong, gate);
      RequestGate revocations = new RequestGate(revocationLimit::get, 10);
      LeasePool pool = new LeasePool(leases, keepAlives, gate, revocations, settings);
      PooledLease pooled =
          pool.take(SECONDS, CallDeadline.in(TIMEOUT)).toCompletableFuture().join();
      assertThat(ETCD.etcdctl("lease", "list")).contains("found 1 leases");

      pool.giveBack(new PooledLease(SECONDS, pooled.lease().aliveSince(longAgo())));
      assertThat(ETCD.etcdctl("lease", "list")).contains("found 1 leases");
      revocationLimit.set(1);
      revocations.admit();
      await().atMost(TIMEOUT).until(() -> ETCD.etcdctl("lease", "list").contains("found 0 leases"));
    } finally {
      connections.close();
    }
  }

  private static long longAgo() {
    return System.nanoTime() - Duration.ofSeconds(30).toNanos();
  }
}
