package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.ReplicaRegistry;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperConnections;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.backend.zookeeper.lock.CommitEffects;
import dev.fencepost.backend.zookeeper.lock.FenceMarks;
import dev.fencepost.backend.zookeeper.lock.LockCommandRunner;
import dev.fencepost.backend.zookeeper.lock.LockLister;
import dev.fencepost.backend.zookeeper.lock.LockNameCache;
import dev.fencepost.backend.zookeeper.lock.LockNode;
import dev.fencepost.backend.zookeeper.lock.LockReader;
import dev.fencepost.backend.zookeeper.lock.LockSnapshot;
import dev.fencepost.backend.zookeeper.lock.LockStateTimers;
import dev.fencepost.backend.zookeeper.lock.LockSweeper;
import dev.fencepost.backend.zookeeper.lock.LockTxnBatcher;
import dev.fencepost.backend.zookeeper.lock.LockTxnPlanner;
import dev.fencepost.backend.zookeeper.lock.OwnQueueNodes;
import dev.fencepost.backend.zookeeper.lock.TokenBaseManager;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.LockStore;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.LockCommand;
import dev.fencepost.lock.spi.support.LockCommand.AcquireClaim;
import dev.fencepost.lock.spi.support.LockCommand.ForceReleaseLock;
import dev.fencepost.lock.spi.support.LockCommand.HandOverGrant;
import dev.fencepost.lock.spi.support.LockCommand.LeaveQueue;
import dev.fencepost.lock.spi.support.LockCommand.ReleaseClaim;
import dev.fencepost.lock.spi.support.LockCommand.RenewGrant;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.apache.zookeeper.data.ACL;

/**
 * An open store: creates all components and connects them. Stages complete on the client's own
 * thread. Safe for use by many threads.
 */
final class ZookeeperStore implements LockStore {
  final TokenBaseManager tokenBases;
  private final Duration callTimeout;
  private final CallDeadlines deadlines;
  final EnsembleClock clock = new EnsembleClock();
  final LockNameCache existingLocks = new LockNameCache();
  final RequestGate gate;
  final OwnQueueNodes queueNodes;
  final ReplicaRegistry registry;
  private final LockReader reader;
  final LockStateTimers stateTimers;
  private final LockTxnPlanner planner;
  private final LockTxnBatcher batcher;
  private final LockCommandRunner commands;
  final FenceMarks marks;
  final LockSweeper sweeper;
  final StoreBootstrap bootstrap;
  private final ConnectionLifecycle connection;

  /**
   * Does not connect yet.
   *
   * @param deadlines closed by {@link #close}
   */
  ZookeeperStore(
      ZookeeperSettings settings,
      Replica self,
      Consumer<LockName> wake,
      Random random,
      CallDeadlines deadlines) {
    this.deadlines = deadlines;
    ZookeeperSchema schema = settings.schema();
    List<ACL> acl = ZookeeperConnections.acl(settings);
    callTimeout = settings.callTimeout();
    gate = new RequestGate(settings, deadlines);
    queueNodes = new OwnQueueNodes(schema, self.id(), wake);
    tokenBases = new TokenBaseManager(schema, acl, clock, random);
    bootstrap = new StoreBootstrap(schema, acl);
    reader = new LockReader(schema, gate, queueNodes, tokenBases, clock);
    planner = new LockTxnPlanner(schema, self.id(), acl, queueNodes, random.nextLong());
    stateTimers = new LockStateTimers(deadlines, new ExpirerActions());
    batcher =
        new LockTxnBatcher(
            settings,
            deadlines,
            gate,
            tokenBases,
            new CommitEffects(queueNodes, stateTimers, existingLocks, tokenBases, clock));
    commands =
        new LockCommandRunner(
            self.id(),
            reader,
            batcher,
            planner,
            stateTimers,
            queueNodes,
            existingLocks,
            new LockNameCache(),
            clock,
            this::repair);
    marks = new FenceMarks(schema, acl, gate, reader, clock, settings.markRetention());
    sweeper = new LockSweeper(schema, gate, reader, stateTimers, existingLocks, clock);
    registry = new ReplicaRegistry(schema, acl, clock, self, this::onReplicaGone);
    connection = new ConnectionLifecycle(settings, this, deadlines);
  }

  /** Connects. Fails if that takes longer than one call may. */
  CompletableFuture<StoreInfo> open() {
    return within(connection.open().thenCompose(ready -> readInfo()));
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return run(new AcquireClaim(claim, intent));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return run(new HandOverGrant(from, to, intent));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return run(new RenewGrant(grant));
  }

  @Override
  public CompletionStage<Release> release(ReleaseCommand order) {
    return run(new ReleaseClaim(order));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return run(new ForceReleaseLock(order));
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    queueNodes.forgetTurn(lock);
    return run(new LeaveQueue(lock)).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    return within(reader.describe(List.copyOf(locks)));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return within(new LockLister(sweeper, reader, query).list());
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return marks.advance(resource, token, gate.newDeadline());
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return marks.reset(resource, gate.newDeadline());
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return within(readInfo());
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return registry.announce(gate, self).thenAccept(done -> {});
  }

  /** {@inheritDoc} May be called twice. */
  @Override
  public void close() {
    connection.close();
    deadlines.close();
  }

  private <T> CompletionStage<T> run(LockCommand<T> command) {
    return commands.run(command, gate.newDeadline());
  }

  private <T> CompletableFuture<T> within(CompletionStage<T> call) {
    return deadlines.within(callTimeout, call, ZookeeperErrors.FAILURES::timeout);
  }

  private CompletableFuture<StoreInfo> readInfo() {
    return gate.call(bootstrap::ensureExists, gate.newDeadline())
        .thenCombine(
            registry.list(gate),
            (id, replicas) ->
                new StoreInfo(
                    "zookeeper",
                    id,
                    new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1)),
                    replicas));
  }

  private CompletionStage<?> repair(CallDeadline deadline) {
    existingLocks.clear();
    return gate.call(bootstrap::repair, deadline);
  }

  private void onReplicaGone() {
    connection.scheduleSweep();
  }

  /** Connects the state timers with the components that are created after them. */
  private final class ExpirerActions implements LockStateTimers.StateActions {
    @Override
    public CompletableFuture<LockSnapshot> read(LockName lock) {
      return reader.snapshot(lock);
    }

    @Override
    public CompletableFuture<Boolean> expire(LockSnapshot snapshot) {
      return batcher
          .sendAlone(snapshot.lock(), base -> planner.expire(snapshot), gate.newDeadline())
          .thenApply(OptionalLong::isPresent);
    }

    @Override
    public boolean isTrackedByAnother(LockNode node) {
      return !node.keeper().equals(registry.self()) && registry.isAlive(node.keeper());
    }
  }
}
