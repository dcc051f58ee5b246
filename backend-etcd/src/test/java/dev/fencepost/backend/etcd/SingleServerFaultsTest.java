package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static dev.fencepost.testkit.replica.OpenReplica.failure;
import static dev.fencepost.testkit.replica.OpenReplica.granted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.process.EtcdServer;
import dev.fencepost.testkit.process.TcpProxy;
import dev.fencepost.testkit.process.TcpProxy.Direction;
import dev.fencepost.testkit.replica.LockContenders;
import io.etcd.jetcd.api.KeyValue;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Faults of one server and of the network, and faults of one user that affect others. */
final class SingleServerFaultsTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final AtomicInteger STORES = new AtomicInteger();
  private static final String TRANSACTIONS =
      "grpc_server_started_total{grpc_method=\"Txn\",grpc_service=\"etcdserverpb.KV\","
          + "grpc_type=\"unary\"}";

  private final String prefix = "faults-" + STORES.incrementAndGet();
  private final String uri = ETCD.uri(prefix);
  private TcpProxy proxy;
  private EtcdTestClient client;

  @BeforeEach
  void open() {
    proxy = new TcpProxy(ETCD.port());
    client = new EtcdTestClient(uri);
  }

  @AfterEach
  void close() {
    client.close();
    proxy.close();
    ETCD.heal();
  }

  private String throughProxy() {
    return "etcd://127.0.0.1:" + proxy.port() + "/" + prefix;
  }

  private Optional<KeyValue> record(String lock) {
    return client.all(client.schema.lock(new LockName(lock))).stream().findFirst();
  }

  @Test
  void pausedServer_timesOutCallsAndHoldersSurvive() {
    try (EtcdTestReplica replica = new EtcdTestReplica(uri)) {
      Grant grant = replica.acquire("paused");
      ETCD.pause();
      assertThat(failure(replica.backend().renew(grant.ref())))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      ETCD.resume();
      awaitRenewed(replica, grant);
    }
  }

  @Test
  void serverThatIsGone_isUnreachableUntilItReturns() {
    try (EtcdTestReplica replica = new EtcdTestReplica(uri)) {
      Grant grant = replica.acquire("gone");
      ETCD.kill();
      assertThat(failure(replica.backend().renew(grant.ref())))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      assertThat(failure(replica.backend().tryAcquire(claim("gone/2"), QueueIntent.NONE)))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      assertThat(failure(replica.backend().info()))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      ETCD.start();
      awaitRenewed(replica, grant);
      replica.acquire("gone/3");
    }
  }

  @Test
  void closingWhileThePauseLasts_takesAFewSeconds() {
    EtcdTestReplica replica = new EtcdTestReplica(uri);
    ETCD.pause();
    CompletionStage<Attempt> asked =
        replica.backend().tryAcquire(claim("closing"), QueueIntent.NONE);
    long begun = System.nanoTime();
    replica.close();
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(30));
    assertThat(failure(asked)).isIn(Failure.STORE_UNREACHABLE, Failure.STORE_TIMEOUT);
  }

  @Test
  void outageUnderLoad_neitherDoublesNorLosesAGrant() throws InterruptedException {
    try (EtcdTestReplica a = new EtcdTestReplica(uri);
        EtcdTestReplica b = new EtcdTestReplica(uri)) {
      LockContenders contenders = new LockContenders("contended/", List.of(a, b));
      contenders.start();
      for (int i = 0; i < 3; i++) {
        contenders.awaitGrants(200);
        ETCD.kill();
        ETCD.start();
      }
      contenders.awaitGrants(200);
      contenders.finish();
      assertThat(contenders.faults()).isEmpty();
    }
  }

  @Test
  void lostReplyOfARelease_isRepeatedWithoutHarmToTheNextGrant() {
    try (EtcdTestReplica cut = new EtcdTestReplica(throughProxy());
        EtcdTestReplica other = new EtcdTestReplica(uri)) {
      Grant former = cut.acquire("lost");
      proxy.swallow(Direction.ANSWERS);
      assertThat(failure(cut.backend().release(ReleaseCommand.of(former.ref()))))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      Grant next = other.acquire("lost");
      assertThat(next.token()).isGreaterThan(former.token());
      proxy.resume();
      Release repeated =
          await()
              .ignoreExceptionsInstanceOf(StoreException.class)
              .until(() -> cut.release(former), ended -> true);
      assertThat(repeated).isEqualTo(new Release.NotHeld(LossReason.SUPERSEDED));
      assertThat(answer(other.backend().renew(next.ref()))).isInstanceOf(Renewal.Renewed.class);
    }
  }

  @Test
  void lostReplyOfAnAcquire_isSettledByTheSameClaim() {
    try (EtcdTestReplica cut = new EtcdTestReplica(throughProxy())) {
      cut.release(cut.acquire("lost-acquire/warm"));
      Claim claim = claim("lost-acquire");
      proxy.swallow(Direction.ANSWERS);
      assertThat(failure(cut.backend().tryAcquire(claim, QueueIntent.NONE)))
          .isIn(Failure.STORE_TIMEOUT, Failure.STORE_UNREACHABLE);
      KeyValue made = record("lost-acquire").orElseThrow();
      proxy.resume();
      Grant grant =
          await()
              .ignoreExceptionsInstanceOf(StoreException.class)
              .until(() -> cut.acquire(claim), found -> true);
      assertThat(grant.origin()).isEqualTo(Grant.Origin.EXISTING);
      assertThat(grant.token().value())
          .isEqualTo(
              EtcdRecordCodec.decode(claim.lock(), made.getValue()).tokenAt(made.getModRevision()));
    }
  }

  @Test
  void transactionWhoseConnectionBreaks_isSentOnce() {
    try (EtcdTestReplica cut = new EtcdTestReplica(throughProxy())) {
      cut.release(cut.acquire("once/warm"));
      double before = ETCD.metric(TRANSACTIONS);
      proxy.swallow(Direction.ANSWERS);
      CompletionStage<Attempt> asked = cut.backend().tryAcquire(claim("once"), QueueIntent.NONE);
      await().until(() -> record("once").isPresent());
      proxy.resume();
      assertThat(failure(asked)).isEqualTo(Failure.STORE_UNREACHABLE);
      await()
          .ignoreExceptionsInstanceOf(StoreException.class)
          .until(() -> answer(cut.backend().resetMark(new ResourceName("none"))).isEmpty());
      assertThat(ETCD.metric(TRANSACTIONS) - before).isEqualTo(1);
      assertThat(record("once").orElseThrow().getVersion()).isEqualTo(1);
    }
  }

  @Test
  void grantAfterANewConnection_countsFromANewBase() {
    try (EtcdTestReplica replica = new EtcdTestReplica(throughProxy())) {
      long last = 0;
      for (int i = 0; i < 10; i++) {
        String lock = "rebased/" + i;
        proxy.reset();
        Claim claim = claim(lock);
        Grant grant =
            await()
                .ignoreExceptionsInstanceOf(StoreException.class)
                .until(() -> replica.acquire(claim), found -> true);
        assertThat(grant.token().value()).isGreaterThan(last);
        last = grant.token().value();
        KeyValue base = client.all(client.schema.tokenBase()).get(0);
        LockValue.Granted value =
            (LockValue.Granted)
                EtcdRecordCodec.decode(new LockName(lock), record(lock).orElseThrow().getValue());
        assertThat(value.offset()).isEqualTo(TokenBase.Value.of(base, 0).offset());
      }
    }
  }

  @Test
  void claimThatIsRepeatedAfterItsConnectionBroke_getsATokenThatIsCertain() {
    try (EtcdTestReplica replica = new EtcdTestReplica(throughProxy())) {
      for (int bytes = 60; bytes <= 1_000; bytes += 20) {
        String lock = "certain/" + bytes;
        replica.release(replica.acquire("certain/warm"));
        long before = offset("certain/warm-" + bytes, replica);
        proxy.cutAfter(Direction.ANSWERS, bytes);
        proxy.reset();
        Claim claim = claim(lock);
        await()
            .ignoreExceptionsInstanceOf(StoreException.class)
            .until(() -> replica.acquire(claim), found -> true);
        proxy.resume();
        assertThat(offsetOf(lock)).as("cut after %s bytes", bytes).isNotEqualTo(before);
      }
    }
  }

  private long offset(String lock, EtcdTestReplica replica) {
    replica.acquire(lock);
    return offsetOf(lock);
  }

  /** Returns the offset of the lock's token, see {@link TokenBase.Value#offset}. */
  private long offsetOf(String lock) {
    return ((LockValue.Granted)
            EtcdRecordCodec.decode(new LockName(lock), record(lock).orElseThrow().getValue()))
        .offset();
  }

  @Test
  void leaseThatIsGoneWhenItsClaimArrives_isNeverGranted() {
    try (EtcdTestReplica replica = new EtcdTestReplica(throughProxy())) {
      replica.release(replica.acquire("expired/warm"));
      List<Long> pooled = leases();
      proxy.hold(Direction.REQUESTS);
      CompletionStage<Attempt> waiting =
          replica.backend().tryAcquire(claim("expired"), QueueIntent.NONE);
      pooled.forEach(client::revoke);
      proxy.resume();
      Grant grant = granted(answer(waiting));
      assertThat(pooled).doesNotContain(record("expired").orElseThrow().getLease());
      assertThat(answer(replica.backend().renew(grant.ref()))).isInstanceOf(Renewal.Renewed.class);
    }
  }

  @Test
  void leaseThatRanOutWhileItsClaimWaited_isNotTheGrants() {
    Duration ttl = Duration.ofSeconds(2);
    StoreSettings patient = new StoreSettings(uri, Duration.ofSeconds(20), Map.of());
    try (EtcdTestReplica replica = new EtcdTestReplica(patient)) {
      replica.release(replica.acquire(claim("late/warm", ttl)));
      ETCD.pause();
      long begun = System.nanoTime();
      CompletionStage<Attempt> waiting =
          replica.backend().tryAcquire(claim("late", ttl), QueueIntent.NONE);
      await().until(() -> System.nanoTime() - begun > Duration.ofSeconds(5).toNanos());
      assertThat(waiting.toCompletableFuture()).isNotDone();
      ETCD.resume();
      Grant grant = granted(answer(waiting));
      assertThat(answer(replica.backend().renew(grant.ref()))).isInstanceOf(Renewal.Renewed.class);
    }
  }

  @Test
  void revokedThroughAnotherReplica_isLostAlthoughTheLeaseLives() {
    try (EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica administrator = new EtcdTestReplica(uri)) {
      Grant grant = holder.acquire("revoked");
      long lease = record("revoked").orElseThrow().getLease();
      answer(
          administrator
              .backend()
              .forceRelease(
                  new ForceReleaseCommand(
                      grant.ref().lock(), "maintenance", Optional.empty(), Optional.empty())));
      Renewal renewal = answer(holder.backend().renew(grant.ref()));
      assertThat(renewal)
          .isInstanceOfSatisfying(
              Renewal.Lost.class,
              lost -> {
                GrantLoss loss = lost.loss();
                assertThat(loss.reason()).isEqualTo(LossReason.REVOKED);
                assertThat(loss.detail()).isEqualTo("maintenance");
              });
      assertThat(leases()).contains(lease);
      LockStatus.Closed closed =
          (LockStatus.Closed) administrator.describe(grant.ref().lock()).status();
      assertThat(closed.availableIn()).isLessThan(Duration.ofSeconds(64));
    }
  }

  @Test
  void compactionUnderAWatch_losesNoWakeUp() throws InterruptedException {
    try (EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica waiter = new EtcdTestReplica(throughProxy())) {
      Grant held = holder.acquire("compacted");
      Claim claim = claim("compacted");
      assertThat(answer(waiter.backend().tryAcquire(claim, QueueIntent.JOIN)))
          .isInstanceOf(Attempt.Busy.class);
      proxy.refuse();
      holder.release(held);
      await().until(() -> record("compacted").isEmpty());
      ETCD.etcdctl("compact", Long.toString(client.revision()));
      assertThat(waiter.wakes()).isEmpty();
      proxy.resume();
      assertThat(waiter.wakes().poll(20, TimeUnit.SECONDS)).isEqualTo(claim.lock());
      granted(answer(waiter.backend().tryAcquire(claim, QueueIntent.JOIN)));
    }
  }

  @Test
  void watchThatBroke_goesOnWhereItEnded() throws InterruptedException {
    try (EtcdTestReplica holder = new EtcdTestReplica(uri);
        EtcdTestReplica waiter = new EtcdTestReplica(throughProxy())) {
      Grant held = holder.acquire("broken");
      Claim claim = claim("broken");
      answer(waiter.backend().tryAcquire(claim, QueueIntent.JOIN));
      proxy.refuse();
      holder.release(held);
      proxy.resume();
      assertThat(waiter.wakes().poll(20, TimeUnit.SECONDS)).isEqualTo(claim.lock());
    }
  }

  private static void awaitRenewed(EtcdTestReplica replica, Grant grant) {
    await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(Duration.ofSeconds(20))
        .until(() -> answer(replica.backend().renew(grant.ref())) instanceof Renewal.Renewed);
  }

  private static List<Long> leases() {
    return ETCD.etcdctl("lease", "list")
        .lines()
        .filter(line -> line.matches("[0-9a-f]{16}"))
        .map(line -> Long.parseLong(line, 16))
        .toList();
  }
}
