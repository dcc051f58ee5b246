package dev.fencepost.backend.etcd;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdLeases;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.LeaseClient;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallGate;
import dev.fencepost.lock.spi.support.LockCommand;
import dev.fencepost.lock.spi.support.RecordSteps.RecordChange;
import dev.fencepost.lock.spi.support.RecordSteps.StepResult;
import dev.fencepost.testkit.process.EtcdServer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The steps of one command, with events at etcd between two of them. */
final class EtcdLockTableTest {
  private static final EtcdServer ETCD = new EtcdServer();

  @RegisterExtension
  static final RunningServer<EtcdServer> RUNNING = new RunningServer<>(ETCD, ETCD::start);

  private static final CallFailures FAILURES = new CallFailures("etcd");
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final EtcdSettings settings =
      EtcdSettings.of(new StoreSettings(ETCD.uri("table"), TIMEOUT, Map.of()));
  private final EtcdSchema schema = new EtcdSchema(settings.prefix());
  private final CallDeadlines deadlines = new CallDeadlines("test", error -> {});
  private final EtcdConnections connections = new EtcdConnections(settings);
  private final EtcdLeases leases =
      new EtcdLeases(
          connections, settings, ThreadLocalRandom.current()::nextLong, FAILURES, deadlines);
  private final ReplicaId self = ReplicaId.of(1);
  private EtcdTestReplica other;

  @BeforeEach
  void open() {
    other = new EtcdTestReplica(ETCD.uri("table"));
  }

  @AfterEach
  void close() {
    other.close();
    leases.close();
    connections.close();
    deadlines.close();
  }

  @Test
  void tokenAfterARestoreWithinTheCommand_isThatOfTheRecord(@TempDir Path folder) {
    Path snapshot = folder.resolve("snapshot");
    ETCD.saveSnapshot(snapshot);
    for (int i = 0; i < 20; i++) {
      other.release(other.acquire("later"));
    }
    OperationContext context = context(leases.client());
    Claim claim = claim("restored");
    EtcdLockTable<Attempt> table = table(claim, context);
    read(table, claim.lock());

    ETCD.restore(snapshot);
    ObservedLock observed =
        await()
            .atMost(TIMEOUT)
            .ignoreExceptionsInstanceOf(StoreException.class)
            .until(() -> readAgain(table, claim.lock()), lock -> true);
    RecordChange<Attempt> change = change(table, observed, claim);
    StepResult<ObservedLock> result = answer(table.write(observed, change, deadline()));
    assertThat(result.isDone()).isTrue();
    assertThat(result.token()).isEqualTo(read(table, claim.lock()).token());

    Attempt attempt = answer(table.answer(observed, change, result, deadline())).orElseThrow();
    Grant grant = ((Attempt.Granted) attempt).grant();
    assertThat(answer(new LockRenewer(context).renew(grant.ref(), deadline())))
        .isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void leaseOfARefusedGrant_isGivenBackAlthoughTheTimeCannotBeQueried() {
    CallGate noRoom = new CallGate(FAILURES, deadlines, () -> 0, 0);
    OperationContext context =
        context(new LeaseClient(connections, ThreadLocalRandom.current()::nextLong, noRoom));
    Claim claim = claim("refused");
    EtcdLockTable<Attempt> table = table(claim, context);
    ObservedLock observed = read(table, claim.lock());
    Lease delayed = new Lease(Duration.ofSeconds(30), Duration.ofSeconds(5));
    Grant held = other.acquire(claim("refused", delayed));
    RecordChange<Attempt> change = change(table, observed, claim);

    assertThatThrownBy(() -> answer(table.write(observed, change, deadline())))
        .hasMessageContaining("too many calls");
    table.returnUnusedLease();
    List<LeaseHandle> idle = leases.drain();
    assertThat(idle).hasSize(1);
    assertThat(ETCD.etcdctl("lease", "timetolive", Long.toHexString(idle.get(0).id())))
        .contains("remaining");
    other.release(held);
  }

  @Test
  void leaseOfAGrantThatFoundNoRoomInTheQueue_isGivenBack() {
    TxnLanes noRoom = new TxnLanes(connections, schema, withQueue(0), FAILURES, deadlines);
    Claim claim = claim("no-room");
    EtcdLockTable<Attempt> table = table(claim, context(leases.client(), noRoom));
    ObservedLock observed = ObservedLock.free(claim.lock());
    RecordChange<Attempt> change = change(table, observed, claim);

    assertThatThrownBy(() -> answer(table.write(observed, change, deadline())))
        .hasMessageContaining("too many calls");
    table.returnUnusedLease();
    assertThat(leases.drain()).hasSize(1);
  }

  private EtcdSettings withQueue(int queue) {
    return new EtcdSettings(
        settings.endpoints(),
        settings.prefix(),
        settings.callTimeout(),
        settings.login(),
        settings.tls(),
        settings.batchSize(),
        settings.batches(),
        queue,
        settings.idleLeases(),
        settings.markRetention());
  }

  private EtcdLockTable<Attempt> table(Claim claim, OperationContext context) {
    LockCommand<Attempt> command = new LockCommand.AcquireClaim(claim, QueueIntent.NONE);
    return new EtcdLockTable<>(command, context, new LockRenewer(context));
  }

  private static RecordChange<Attempt> change(
      EtcdLockTable<Attempt> table, ObservedLock observed, Claim claim) {
    StepContext now = table.context();
    LockRecord before = table.recordOf(observed, now);
    LockCommand<Attempt> command = new LockCommand.AcquireClaim(claim, QueueIntent.NONE);
    return new RecordChange<>(before, command.applyTo(before, now), now.nowMicros());
  }

  /** Makes the parts of a store; {@code queries} are those of the reader. */
  private OperationContext context(LeaseClient queries) {
    return context(queries, new TxnLanes(connections, schema, settings, FAILURES, deadlines));
  }

  private OperationContext context(LeaseClient queries, TxnLanes lanes) {
    TokenBase base =
        new TokenBase(
            connections,
            schema.tokenBase(),
            EtcdLockTableTest::clockNanos,
            ThreadLocalRandom.current()::nextLong);
    return new OperationContext(
        self,
        schema,
        base,
        lanes,
        leases,
        new LockReader(connections, schema, lanes, base, queries),
        new LocalGrants(),
        new LockWatches(connections, schema, self, lock -> {}, TIMEOUT));
  }

  private static long clockNanos() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  private static ObservedLock read(EtcdLockTable<Attempt> table, LockName lock) {
    return answer(table.read(lock, deadline()));
  }

  private ObservedLock readAgain(EtcdLockTable<Attempt> table, LockName lock) {
    connections.reconnect();
    return read(table, lock);
  }

  private static CallDeadline deadline() {
    return CallDeadline.in(TIMEOUT);
  }
}
