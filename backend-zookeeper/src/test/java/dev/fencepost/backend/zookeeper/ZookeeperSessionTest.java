package dev.fencepost.backend.zookeeper;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.testkit.contract.StoreUnderTest.Damage;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Lost and expired sessions of a replica, and their effect on its locks and queue nodes. */
final class ZookeeperSessionTest {
  private static final ZookeeperServer SERVER = new ZookeeperServer();
  private static final ZookeeperSchema SCHEMA = new ZookeeperSchema("/session");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @Test
  void expiredSession_losesNoneOfAThousandGrants() {
    try (TcpProxy proxy = new TcpProxy(SERVER.port());
        TestReplica a = new TestReplica(uri(proxy.port()));
        TestReplica b = new TestReplica(uri(SERVER.port()))) {
      List<CompletionStage<Attempt>> asked = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        asked.add(a.backend().tryAcquire(claim("thousand/" + i), QueueIntent.NONE));
      }
      List<Grant> grants = asked.stream().map(s -> granted(answer(s))).toList();
      proxy.refuse();
      await().atMost(PATIENCE).until(() -> !lives(b, a));
      for (Grant grant : grants) {
        assertThat(answer(b.backend().renew(grant.ref()))).isInstanceOf(Renewal.Renewed.class);
      }
      proxy.resume();
      await().atMost(PATIENCE).until(() -> lives(b, a));
      for (Grant grant : grants) {
        assertThat(repeatedRenewal(a, grant)).isInstanceOf(Renewal.Renewed.class);
        answer(a.backend().release(ReleaseCommand.of(grant.ref())));
      }
    }
  }

  @Test
  void expiredSession_losesItsPlacesAndIsToldSo() {
    try (TcpProxy proxy = new TcpProxy(SERVER.port());
        TestReplica a = new TestReplica(uri(SERVER.port()));
        TestReplica b = new TestReplica(uri(proxy.port()))) {
      Grant held = a.acquire("places");
      LockName lock = held.ref().lock();
      Claim claim = claim("places");
      answer(b.backend().tryAcquire(claim, QueueIntent.JOIN));
      proxy.refuse();
      await().atMost(PATIENCE).until(() -> describe(a, lock).replicaQueue().isEmpty());
      proxy.resume();
      await().atMost(PATIENCE).until(() -> lock.equals(b.wakes().poll()));
      answer(b.backend().tryAcquire(claim, QueueIntent.JOIN));
      assertThat(describe(a, lock).replicaQueue()).containsExactly(b.id());
      answer(a.backend().release(ReleaseCommand.of(held.ref())));
      await().atMost(PATIENCE).until(() -> lock.equals(b.wakes().poll()));
      granted(answer(b.backend().tryAcquire(claim, QueueIntent.JOIN)));
    }
  }

  @Test
  void storeLostWhileItsTurnCame_grantsNothingAfterwards() {
    try (TcpProxy proxy = new TcpProxy(SERVER.port());
        TestReplica a = new TestReplica(uri(SERVER.port()));
        TestReplica b = new TestReplica(uri(proxy.port()));
        TestReplica c = new TestReplica(uri(SERVER.port()))) {
      Grant held = a.acquire("cut-off");
      LockName lock = held.ref().lock();
      Claim claim = claim("cut-off");
      answer(b.backend().tryAcquire(claim, QueueIntent.JOIN));
      proxy.refuse();
      answer(a.backend().release(ReleaseCommand.of(held.ref())));
      // The turn of the disconnected replica expires.
      Grant next =
          await()
              .atMost(PATIENCE)
              .until(
                  () -> answer(c.backend().tryAcquire(claim("cut-off"), QueueIntent.JOIN)),
                  Attempt.Granted.class::isInstance)
              .fold(Attempt.Granted::grant, busy -> held, foreign -> held);
      proxy.resume();
      await().atMost(PATIENCE).until(() -> lives(a, b) && isAnswered(b));
      assertThat(describe(a, lock).holder().orElseThrow().token()).isEqualTo(next.token());
      assertThat(answer(b.backend().tryAcquire(claim, QueueIntent.NONE)))
          .isInstanceOf(Attempt.Busy.class);
      assertThat(answer(c.backend().renew(next.ref()))).isInstanceOf(Renewal.Renewed.class);
    }
  }

  @Test
  void shortInterruption_keepsThePlace() {
    try (TcpProxy proxy = new TcpProxy(SERVER.port());
        TestReplica a = new TestReplica(uri(SERVER.port()));
        TestReplica b = new TestReplica(uri(proxy.port()))) {
      Grant held = a.acquire("kept");
      LockName lock = held.ref().lock();
      Claim claim = claim("kept");
      answer(b.backend().tryAcquire(claim, QueueIntent.JOIN));
      proxy.reset();
      answer(a.backend().release(ReleaseCommand.of(held.ref())));
      await().atMost(PATIENCE).until(() -> lock.equals(b.wakes().poll()));
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .atMost(PATIENCE)
          .until(
              () ->
                  answer(b.backend().tryAcquire(claim, QueueIntent.JOIN))
                      instanceof Attempt.Granted);
    }
  }

  @Test
  void keeperThatIsGone_isFollowedByTheOthers() {
    Lease lease = Lease.of(Lease.MIN_TTL);
    try (TestReplica b = new TestReplica(uri(SERVER.port()))) {
      LockName lock;
      try (TestReplica a = new TestReplica(uri(SERVER.port()))) {
        lock = a.acquire("orphan", lease).ref().lock();
      }
      await().atMost(PATIENCE).until(() -> describe(b, lock).holder().isEmpty());
      b.acquire("orphan");
    }
  }

  @Test
  void everybodyGone_whoeverComesNextFreesTheLock() {
    LockName lock;
    try (TestReplica a = new TestReplica(uri(SERVER.port()))) {
      lock = a.acquire("deserted", Lease.of(Lease.MIN_TTL)).ref().lock();
    }
    try (TestReplica b = new TestReplica(uri(SERVER.port()))) {
      await().atMost(PATIENCE).until(() -> describe(b, lock).holder().isEmpty());
    }
  }

  @Test
  void unreadableRecords_doNotStopTheSearchForOrphans() {
    Lease lease = Lease.of(Lease.MIN_TTL);
    try (ZookeeperTestClient client = new ZookeeperTestClient("127.0.0.1:" + SERVER.port());
        TestReplica b = new TestReplica(uri(SERVER.port()))) {
      List<LockName> orphans = new ArrayList<>();
      try (TestReplica a = new TestReplica(uri(SERVER.port()))) {
        for (Damage damage : Damage.values()) {
          spoil(client, a.acquire("unreadable/" + damage).ref().lock(), damage);
        }
        for (int i = 0; i < 20; i++) {
          orphans.add(a.acquire("beside-unreadable/" + i, lease).ref().lock());
        }
      }
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  answer(b.backend().describe(orphans)).stream()
                      .allMatch(state -> state.holder().isEmpty()));
      orphans.forEach(lock -> b.acquire(lock.value()));
    } finally {
      try (ZookeeperTestClient client = new ZookeeperTestClient("127.0.0.1:" + SERVER.port())) {
        for (Damage damage : Damage.values()) {
          client.deleteAll(SCHEMA.lock(new LockName("unreadable/" + damage)));
        }
      }
    }
  }

  @Test
  void unreadableEntryOfAReplica_hidesNoOther() {
    try (ZookeeperTestClient client = new ZookeeperTestClient("127.0.0.1:" + SERVER.port());
        TestReplica a = new TestReplica(uri(SERVER.port()))) {
      String entry = SCHEMA.replicas() + "/0123456789abcdef";
      client.createEphemeral(entry, "0123456789abcdef\nRESTING\nhost:1".getBytes(US_ASCII));
      assertThat(answer(a.backend().info()).replicas())
          .extracting(Replica::id)
          .contains(a.id())
          .doesNotContain(new ReplicaId("0123456789abcdef"));
    }
  }

  @Test
  void lostAnswer_isSettledByTheRepeatAndItsLeaseIsLookedAfter() {
    Lease lease = Lease.of(Lease.MIN_TTL);
    try (TcpProxy proxy = new TcpProxy(SERVER.port());
        TestReplica a = new TestReplica(uri(proxy.port()));
        TestReplica b = new TestReplica(uri(SERVER.port()))) {
      a.acquire("answer/first"); // Its token base is the one that b has written.
      Claim repeated = claim("answer/repeated");
      Claim abandoned = claim("answer/abandoned", lease);
      proxy.swallow(Direction.ANSWERS);
      CompletionStage<Attempt> first = a.backend().tryAcquire(repeated, QueueIntent.NONE);
      CompletionStage<Attempt> second = a.backend().tryAcquire(abandoned, QueueIntent.NONE);
      await().atMost(PATIENCE).until(() -> describe(b, abandoned.lock()).holder().isPresent());
      long token = describe(b, repeated.lock()).holder().orElseThrow().token().value();
      TestReplica.failure(first);
      TestReplica.failure(second);
      proxy.resume();
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .atMost(PATIENCE)
          .until(
              () ->
                  granted(answer(a.backend().tryAcquire(repeated, QueueIntent.NONE)))
                          .token()
                          .value()
                      == token);
      await().atMost(PATIENCE).until(() -> describe(b, abandoned.lock()).holder().isEmpty());
    }
  }

  private static Renewal repeatedRenewal(TestReplica replica, Grant grant) {
    return await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .pollDelay(Duration.ZERO)
        .atMost(PATIENCE)
        .until(() -> answer(replica.backend().renew(grant.ref())), renewal -> true);
  }

  private static boolean isAnswered(TestReplica replica) {
    try {
      answer(replica.backend().info());
      return true;
    } catch (StoreException e) {
      return false;
    }
  }

  private static boolean lives(TestReplica witness, TestReplica replica) {
    return answer(witness.backend().info()).replicas().stream()
        .anyMatch(entry -> entry.id().equals(replica.id()));
  }

  private static LockState describe(TestReplica replica, LockName lock) {
    return answer(replica.backend().describe(List.of(lock))).get(0);
  }

  private static void spoil(ZookeeperTestClient client, LockName lock, Damage damage) {
    byte[] record = client.ask(zk -> zk.getData(SCHEMA.lock(lock), false, null));
    byte[] spoiled = ZookeeperStoreUnderTest.spoiled(record, damage);
    client.ask(zk -> zk.setData(SCHEMA.lock(lock), spoiled, -1));
  }

  private static String uri(int port) {
    return "zookeeper://127.0.0.1:" + port + SCHEMA.root();
  }
}
