package dev.fencepost.backend.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What makes etcd forget its last writes writes no key and leaves nothing. */
final class SweepTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension static final Running<EtcdServer> RUNNING = new Running<>(ETCD, ETCD::start);

  private final AtomicBoolean isWanted = new AtomicBoolean();
  private final AtomicInteger ids = new AtomicInteger();

  @Test
  void sweep_isALeaseThatEndsByItselfAndOnlyWhenWanted() {
    Wire wire = new Wire(EtcdSettings.of(new StoreSettings(ETCD.uri("sweep"), TIMEOUT, Map.of())));
    try {
      Leases leases = new Leases(wire, this::newId, new Gate(1, 1));
      Sweep sweep = new Sweep(isWanted::get, leases, TIMEOUT);
      sweep.tick();
      assertThat(ids).hasValue(0);
      isWanted.set(true);
      sweep.tick();
      assertThat(ids).hasValue(1);
      awaitLeases(1);
      awaitLeases(0);
    } finally {
      wire.close();
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
