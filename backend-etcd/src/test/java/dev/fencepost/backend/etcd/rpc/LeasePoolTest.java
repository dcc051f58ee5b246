package dev.fencepost.backend.etcd.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.etcd.RunningServer;
import dev.fencepost.backend.etcd.rpc.LeasePool.PooledLease;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallGate;
import dev.fencepost.testkit.process.EtcdServer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Leases that come back from locks that were held for a while. */
final class LeasePoolTest {
  private static final long SECONDS = 600;
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final String KEEP_ALIVES =
      "grpc_server_started_total{grpc_method=\"LeaseKeepAlive\","
          + "grpc_service=\"etcdserverpb.Lease\",grpc_type=\"bidi_stream\"}";

  private static final CallFailures FAILURES = new CallFailures("etcd");

  private final AtomicInteger revocationLimit = new AtomicInteger();
  private final CallDeadlines deadlines = new CallDeadlines("test", error -> {});
  private final EtcdSettings settings = settings(Map.of("idle-leases", "0"));
  private final EtcdConnections connections = new EtcdConnections(settings);
  private final KeepAliveStream keepAlives = new KeepAliveStream(connections, 1);
  private final CallGate revocations = new CallGate(FAILURES, deadlines, revocationLimit::get, 10);

  @AfterEach
  void close() {
    connections.close();
    deadlines.close();
  }

  @Test
  void surplusLease_isRevokedWithoutBeingKeptAlive() {
    LeasePool pool = pool(settings);
    PooledLease pooled = take(pool);
    assertLeases(1);
    double before = ETCD.metric(KEEP_ALIVES);

    pool.giveBack(new PooledLease(SECONDS, pooled.lease().aliveSince(longAgo())));
    assertLeases(1);
    revocationLimit.set(1);
    revocations.admit();
    await().atMost(TIMEOUT).untilAsserted(() -> assertLeases(0));
    assertThat(ETCD.metric(KEEP_ALIVES) - before).as("streams of keep-alives").isZero();
  }

  @Test
  void leaseThatCannotBeKeptAlive_isRevoked() {
    revocationLimit.set(1);
    LeasePool pool = pool(settings(Map.of("idle-leases", "10")));
    PooledLease pooled = take(pool);
    assertLeases(1);
    keepAlives.close(); // Every keep-alive fails.

    pool.giveBack(new PooledLease(SECONDS, pooled.lease().aliveSince(longAgo())));
    await().atMost(TIMEOUT).untilAsserted(() -> assertLeases(0));
  }

  private LeasePool pool(EtcdSettings wanted) {
    CallGate gate = new CallGate(FAILURES, deadlines, 1, 1);
    LeaseClient leases = new LeaseClient(connections, ThreadLocalRandom.current()::nextLong, gate);
    return new LeasePool(leases, keepAlives, gate, revocations, wanted);
  }

  private static PooledLease take(LeasePool pool) {
    return pool.take(SECONDS, CallDeadline.in(TIMEOUT)).toCompletableFuture().join();
  }

  private static EtcdSettings settings(Map<String, String> options) {
    return EtcdSettings.of(new StoreSettings(ETCD.uri("pool"), TIMEOUT, options));
  }

  private static void assertLeases(int count) {
    assertThat(ETCD.etcdctl("lease", "list")).contains("found " + count + " leases");
  }

  private static long longAgo() {
    return System.nanoTime() - Duration.ofSeconds(30).toNanos();
  }
}
