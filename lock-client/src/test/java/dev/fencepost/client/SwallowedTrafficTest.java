package dev.fencepost.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.client.internal.transport.RendezvousHash;
import dev.fencepost.client.support.TestCluster;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.Release;
import dev.fencepost.testkit.process.FreePort;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Real replicas behind connections that lose all data without a reset. */
class SwallowedTrafficTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration TTL = Duration.ofSeconds(4);
  private static final int REPLICAS = 2;

  private final TestCluster cluster = TestCluster.of(0);
  private final List<TcpProxy> proxies = new ArrayList<>();
  private final Queue<GrantLoss> losses = new ConcurrentLinkedQueue<>();
  private int used;

  @BeforeEach
  void start() {
    for (int i = 0; i < REPLICAS; i++) {
      int port = FreePort.next();
      TcpProxy proxy = new TcpProxy(port);
      proxies.add(proxy);
      cluster.startAt(port, "advertise", "127.0.0.1:" + proxy.port());
    }
  }

  @AfterEach
  void stop() {
    proxies.forEach(TcpProxy::close);
    cluster.close();
  }

  @Test
  void replicaBehindIt_costsNoLock_thoughNoOtherSessionIsOpen() throws Exception {
    try (FencepostClient client = clientOfOneReplica()) {
      LockHandle lock = take(client, nameOfUsed("held"));
      swallowUsed();
      awaitRenewals(lock, 3);
      assertThat(lock.release()).isEqualTo(new Release.Released());
    }
    assertThat(losses).isEmpty();
  }

  @Test
  void allPresentConnections_areReplacedByNewOnesToTheSameReplicas() throws Exception {
    try (FencepostClient client = FencepostClient.connect(target())) {
      List<LockHandle> locks = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        locks.add(take(client, "held/" + i));
      }
      CompletableFuture<LockHandle> waiting = client.lock("held/0").acquireAsync(LONG);
      await().until(() -> cluster.waiters("held/0") == 1);
      proxies.forEach(TcpProxy::swallowPresent);
      awaitRenewals(locks.get(0), 3);
      assertThat(locks).allMatch(LockHandle::isHeld);
      locks.get(0).close();
      waiting.get(30, TimeUnit.SECONDS).close();
    }
    assertThat(losses).isEmpty();
  }

  @Test
  void release_findsAnotherWay() throws Exception {
    try (FencepostClient client = clientOfOneReplica()) {
      LockHandle lock = take(client, nameOfUsed("released"));
      swallowUsed();
      assertThat(lock.releaseAsync().get(30, TimeUnit.SECONDS)).isEqualTo(new Release.Released());
    }
  }

  @Test
  void unaryCall_goesToTheNextReplica() throws Exception {
    try (FencepostClient client = clientOfOneReplica()) {
      LockHandle lock = take(client, nameOfUsed("asked"));
      swallowUsed();
      assertThat(client.fencing().validate(lock.name(), lock.token()).get(30, TimeUnit.SECONDS))
          .isEqualTo(TokenStatus.CURRENT);
      assertThat(client.inspect(lock.name()).get(30, TimeUnit.SECONDS).holder()).isPresent();
    }
  }

  @Test
  void tryOnce_isAnsweredByTheNextReplica() throws Exception {
    try (FencepostClient client = clientOfOneReplica()) {
      swallowUsed();
      assertThat(client.lock(nameOfUsed("tried")).tryAcquire())
          .hasValueSatisfying(LockHandle::close);
    }
  }

  @Test
  void serverThatAcceptsAndNeverAnswers_isPassedBy() throws Exception {
    try (FencepostClient client = clientOfOneReplica()) {
      LockHandle lock = take(client, nameOfUsed("passed"));
      proxies.get(1 - used).swallow(Direction.ANSWERS);
      proxies.get(used).reset();
      awaitRenewals(lock, 3);
      client.lock("other").acquire(LONG).close();
      assertThat(client.inspect(lock.name()).get(30, TimeUnit.SECONDS).holder()).isPresent();
    }
    assertThat(losses).isEmpty();
  }

  private LockHandle take(FencepostClient client, String name) throws InterruptedException {
    return client.lock(name).withTtl(TTL).acquire(LONG).onLost(losses::add);
  }

  /** Returns after this many further renewals, which takes longer than a lease. */
  private static void awaitRenewals(LockHandle lock, int count) {
    AtomicInteger renewals = new AtomicInteger();
    lock.onRenewed(renewals::incrementAndGet);
    await().atMost(LONG).until(() -> renewals.get() >= count || !lock.isHeld());
    assertThat(lock.state()).isEqualTo(LockHandle.State.HELD);
  }

  /** Creates a client with a session to one replica that knows where the other is. */
  private FencepostClient clientOfOneReplica() throws InterruptedException {
    for (int i = 0; i < 50; i++) {
      FencepostClient client = FencepostClient.connect(target());
      assertThat(client.awaitReady(LONG)).isTrue();
      used = proxies.get(0).connections() > 0 ? 0 : 1;
      client.lock(nameOfUsed("warm")).acquire(LONG).close();
      if (connected().size() == 1) {
        return client;
      }
      client.close();
      await().until(() -> connected().isEmpty());
    }
    throw new AssertionError("each client connected to both");
  }

  /** Returns the name of a lock that prefers the connected replica. */
  private String nameOfUsed(String prefix) {
    return IntStream.range(0, 1_000)
        .mapToObj(i -> prefix + "/" + i)
        .filter(name -> weight(name, used) > weight(name, 1 - used))
        .findFirst()
        .orElseThrow();
  }

  private long weight(String name, int replica) {
    String id = cluster.replicaId(replica);
    return RendezvousHash.weight(RendezvousHash.hash(name), RendezvousHash.hash(id));
  }

  private List<TcpProxy> connected() {
    return proxies.stream().filter(proxy -> proxy.connections() > 0).toList();
  }

  /** Swallows both directions, of present and future connections. */
  private void swallowUsed() {
    assertThat(connected()).as("replicas with a session").containsExactly(proxies.get(used));
    proxies.get(used).swallow(Direction.REQUESTS);
    proxies.get(used).swallow(Direction.ANSWERS);
  }

  private String target() {
    return proxies.stream()
        .map(proxy -> "127.0.0.1:" + proxy.port())
        .collect(Collectors.joining(","));
  }
}
