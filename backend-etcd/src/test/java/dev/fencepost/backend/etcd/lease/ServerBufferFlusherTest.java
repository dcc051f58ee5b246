package dev.fencepost.backend.etcd.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.etcd.RunningServer;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.RequestGate;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The flusher makes etcd drop its write buffers, writes no key and leaves nothing behind. */
final class ServerBufferFlusherTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private final AtomicBoolean isWanted = new AtomicBoolean();
  private final AtomicInteger ids = new AtomicInteger();

  @Test
  void sweep_isALeaseThatEndsByItselfAndOnlyWhenWanted() {
    EtcdConnections connections =
        new EtcdConnections(
            EtcdSettings.of(new StoreSettings(ETCD.uri("sweep"), TIMEOUT, Map.of())));
    try {
      LeaseClient leases = new LeaseClient(connections, this::newId, new RequestGate(1, 1));
      ServerBufferFlusher flusher = new ServerBufferFlusher(isWanted::get, leases, TIMEOUT);
      flusher.tick();
      assertThat(ids).hasValue(0);
      isWanted.set(true);
      flusher.tick();
      assertThat(ids).hasValue(1);
      awaitLeases(1);
      awaitLeases(0);
    } finally {
      connections.close();
    }
  }

  private long newId() {
    ids.incrementAndGet();
    return ThreadLocalRandom.current().nextLong();
  }

  private static void awaitLeases(int count) {
    await()
        .atMost(TIMEOUT)
        .until(() -> ETCD.etcdctl("lease", "list").contains("found " + count + " leases"));
  }
}
