package dev.fencepost.backend.zookeeper.lock;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperClient;
import dev.fencepost.backend.zookeeper.client.ZookeeperConnections;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedToken;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.testkit.process.ZookeeperServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs.Ids;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Transactions that cannot be sent or are refused, and those beside and after them. */
final class LockTxnBatcherTest {
  private static final ZookeeperServer SERVER = new ZookeeperServer();
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final LockName LOCK = new LockName("unsendable");

  private final Queue<LockName> wakes = new ConcurrentLinkedQueue<>();
  private final Queue<LockName> reads = new ConcurrentLinkedQueue<>();
  private final CallDeadlines deadlines = new CallDeadlines("batcher-test", error -> {});
  private final ZookeeperSettings settings =
      ZookeeperSettings.of(
          new StoreSettings(
              "zookeeper://127.0.0.1:" + SERVER.port() + "/batcher",
              TIMEOUT,
              Map.of("in-flight", "1")));
  private final ZookeeperSchema schema = settings.schema();
  private final CompletableFuture<ZookeeperClient> connected = new CompletableFuture<>();
  private final ZookeeperConnections connections =
      new ZookeeperConnections(settings, new FirstConnection(connected));
  private final OwnQueueNodes queueNodes = new OwnQueueNodes(schema, ReplicaId.of(1), wakes::add);
  private LockTxnBatcher batcher;
  private ZookeeperClient client;

  @BeforeAll
  static void start() {
    SERVER.start();
  }

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  @BeforeEach
  void connect() throws Exception {
    connections.start();
    client = answer(connected);
    create(schema.root());
    create(schema.base());
    EnsembleClock clock = new EnsembleClock();
    TokenBaseManager bases = new TokenBaseManager(schema, Ids.OPEN_ACL_UNSAFE, clock, new Random());
    answer(bases.replace(client));
    RequestGate gate = new RequestGate(settings, deadlines);
    gate.open(client);
    LockStateTimers expirer = new LockStateTimers(deadlines, new RecordedReads(reads));
    batcher =
        new LockTxnBatcher(
            settings,
            deadlines,
            gate,
            bases,
            new CommitEffects(queueNodes, expirer, new LockNameCache(), bases, clock));
  }

  @AfterEach
  void disconnect() {
    connections.close();
    deadlines.close();
  }

  @Test
  void transactionThatCannotBeBuilt_failsAlone() throws Exception {
    var failed =
        batcher.send(
            LOCK,
            base -> {
              throw new IllegalStateException("not built");
            },
            CallDeadline.in(TIMEOUT));
    assertThatThrownBy(() -> answer(failed)).hasMessage("not built");
    assertTheNextIsSent();
  }

  @Test
  void transactionThatTheClientRejects_failsAlone() throws Exception {
    var failed = batcher.send(LOCK, base -> rejected(txn()), CallDeadline.in(TIMEOUT));
    assertThatThrownBy(() -> answer(failed)).isInstanceOf(NullPointerException.class);
    assertTheNextIsSent();
  }

  @Test
  void departureThatTheClientRejects_leavesItsQueueNodeAndItsLockWatched() throws Exception {
    String node = schema.inBusy(LOCK, "w-1");
    createWithParents(node);
    queueNodes.startSession(client);
    queueNodes.onCreated(LOCK, node);
    var failed =
        batcher.sendAlone(LOCK, base -> rejected(txn().leaveQueue()), CallDeadline.in(TIMEOUT));
    assertThatThrownBy(() -> answer(failed)).isInstanceOf(NullPointerException.class);
    client.delete(node, LockTxn.ANY_VERSION);
    await().atMost(PATIENCE).until(() -> LOCK.equals(wakes.peek()));
    await().atMost(PATIENCE).until(() -> LOCK.equals(reads.peek()));
  }

  @Test
  void refusedTransaction_isAnsweredAndTheOthersOfItsBatchAreSentAlone() throws Exception {
    create("/batcher/first");
    create("/batcher/other");
    List<CompletableFuture<OptionalLong>> later = new ArrayList<>();
    // While the first one is in flight, the others wait for the next batch.
    var first =
        batcher.send(
            LOCK,
            base -> {
              later.add(send("refused", deletionOf("/batcher/missing")));
              later.add(send("other", deletionOf("/batcher/other")));
              return deletionOf("/batcher/first");
            },
            CallDeadline.in(TIMEOUT));
    assertThat(answer(first)).isPresent();
    assertThat(answer(later.get(0))).isEmpty();
    assertThat(answer(later.get(1))).isPresent();
  }

  @Test
  void replacedBase_isReadAgainAndTheTransactionSentOnIt() throws Exception {
    createWithParents(schema.lock(LOCK));
    TokenBaseManager another =
        new TokenBaseManager(schema, Ids.OPEN_ACL_UNSAFE, new EnsembleClock(), new Random());
    TokenBase replaced = answer(another.replace(client));
    List<TokenBase> used = new ArrayList<>();
    var written =
        batcher.send(
            LOCK,
            base -> {
              used.add(base);
              return txn().write(closed(RecordedToken.here(base)), LockTxn.ANY_VERSION);
            },
            CallDeadline.in(TIMEOUT));
    assertThat(answer(written).orElseThrow()).isGreaterThan(replaced.value());
    assertThat(used).hasSize(2).last().isEqualTo(replaced);
  }

  private CompletableFuture<OptionalLong> send(String lock, LockTxn txn) {
    return batcher.send(new LockName(lock), base -> txn, CallDeadline.in(TIMEOUT));
  }

  private LockTxn deletionOf(String path) {
    return txn().add(Op.delete(path, LockTxn.ANY_VERSION));
  }

  private void assertTheNextIsSent() throws Exception {
    String path = "/batcher/next";
    create(path);
    LockTxn next = deletionOf(path);
    assertThat(answer(batcher.send(LOCK, base -> next, CallDeadline.in(TIMEOUT)))).isPresent();
  }

  private void createWithParents(String path) throws Exception {
    for (int end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
      create(path.substring(0, end));
    }
    create(path);
  }

  private void create(String path) throws Exception {
    if (client.exists(path, false) == null) {
      client.create(path, new byte[0], Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    }
  }

  /** Makes a transaction that the client refuses to send with an exception. */
  private static LockTxn rejected(LockTxn txn) {
    return txn.write(closed(RecordedToken.of(7)), LockTxn.ANY_VERSION).add(null);
  }

  private static LockNode closed(RecordedToken token) {
    return new LockNode(
        StateKind.CLOSED,
        "s-1",
        ReplicaId.of(1),
        token,
        Optional.empty(),
        Duration.ofHours(1),
        Optional.empty(),
        "");
  }

  private LockTxn txn() {
    return new LockTxn(schema, LOCK, Ids.OPEN_ACL_UNSAFE);
  }

  /** Passes on the first client that connects. */
  private record FirstConnection(CompletableFuture<ZookeeperClient> client)
      implements ZookeeperConnections.ConnectionListener {
    @Override
    public void onConnected(ZookeeperClient connected) {
      client.complete(connected);
    }

    @Override
    public void onDisconnected(ZookeeperClient lost) {}

    @Override
    public void onAuthenticationRefused() {}
  }

  /** Locks that cannot be read; records which ones were tried. */
  private record RecordedReads(Queue<LockName> locks) implements LockStateTimers.StateActions {
    @Override
    public CompletableFuture<LockSnapshot> read(LockName lock) {
      locks.add(lock);
      return CompletableFuture.failedFuture(ZookeeperErrors.FAILURES.unreachable());
    }

    @Override
    public CompletableFuture<Boolean> expire(LockSnapshot snapshot) {
      return CompletableFuture.completedFuture(true);
    }

    @Override
    public boolean isTrackedByAnother(LockNode node) {
      return false;
    }
  }
}
