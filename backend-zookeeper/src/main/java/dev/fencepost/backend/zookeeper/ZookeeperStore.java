package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ReplicaRegistry;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperConnections;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.backend.zookeeper.lock.CachedStateWriter;
import dev.fencepost.backend.zookeeper.lock.CommitEffects;
import dev.fencepost.backend.zookeeper.lock.FenceMarks;
import dev.fencepost.backend.zookeeper.lock.LockCommands;
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
import dev.fencepost.backend.zookeeper.lock.ReadModifyWriter;
import dev.fencepost.backend.zookeeper.lock.TokenBaseManager;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.zookeeper.data.ACL;

/** An open backend: creates all components and connects them. Safe for use by many threads. */
final class ZookeeperStore implements AutoCloseable {
  private final ScheduledThreadPoolExecutor timers;
  private final RequestGate gate;
  private final OwnQueueNodes queueNodes;
  private final ReplicaRegistry registry;
  private final TokenBaseManager tokenBases;
  private final LockReader reader;
  private final LockStateTimers stateTimers;
  private final LockTxnPlanner txns;
  private final LockTxnBatcher batcher;
  private final CachedStateWriter optimisticWriter;
  private final ReadModifyWriter readModifyWriter;
  private final LockCommands commands;
  private final FenceMarks marks;
  private final LockSweeper sweeper;
  private final LockLister lister;
  private final StoreBootstrap bootstrap;
  private final LockNameCache existingLocks = new LockNameCache();
  private final LockNameCache contendedLocks = new LockNameCache();
  private final EnsembleClock clock = new EnsembleClock();
  private final ConnectionLifecycle connection;

  ZookeeperStore(ZookeeperSettings settings, Replica self, Consumer<LockName> wake, Random random) {
    ZookeeperSchema schema = settings.schema();
    List<ACL> acl = ZookeeperConnections.acl(settings);
    timers = ConnectionLifecycle.newTimers();
    gate = new RequestGate(schema.root(), settings.queue(), settings.callTimeout());
    queueNodes = new OwnQueueNodes(schema, self.id(), wake);
    tokenBases = new TokenBaseManager(schema, acl, clock, random);
    bootstrap = new StoreBootstrap(schema, acl);
    reader = new LockReader(schema, gate, queueNodes, tokenBases, clock);
    txns = new LockTxnPlanner(schema, self.id(), acl, queueNodes, random.nextLong());
    stateTimers = new LockStateTimers(timers, new ExpirerActions());
    LockTxnBatcher.BatchLimits limits =
        new LockTxnBatcher.BatchLimits(
            settings.batchSize(), settings.inFlight(), settings.queue(), settings.callTimeout());
    batcher =
        new LockTxnBatcher(
            limits,
            gate,
            tokenBases,
            new CommitEffects(queueNodes, stateTimers, existingLocks, tokenBases, clock));
    optimisticWriter =
        new CachedStateWriter(
            batcher, txns, stateTimers, queueNodes, existingLocks, contendedLocks);
    ReadModifyWriter.WriteContext writeContext =
        new ReadModifyWriter.WriteContext(
            self.id(), reader, batcher, txns, queueNodes, contendedLocks, clock);
    readModifyWriter = new ReadModifyWriter(writeContext, settings.callTimeout(), this::repair);
    commands = new LockCommands(reader);
    marks = new FenceMarks(schema, acl, gate, reader, settings.markRetention());
    sweeper = new LockSweeper(schema, gate, reader, stateTimers, existingLocks, clock);
    lister = new LockLister(sweeper, reader);
    registry = new ReplicaRegistry(schema, acl, clock, self, this::onReplicaGone);
    ConnectionLifecycle.LifecycleContext context =
        new ConnectionLifecycle.LifecycleContext(
            gate,
            queueNodes,
            registry,
            tokenBases,
            bootstrap,
            stateTimers,
            sweeper,
            clock,
            existingLocks);
    connection = new ConnectionLifecycle(settings, context, timers, random);
  }

  /** Connects. Fails if that takes longer than one call may. */
  CompletableFuture<StoreInfo> open() {
    return connection.open().thenCompose(ready -> info());
  }

  CompletableFuture<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return optimisticWriter
        .acquire(claim, intent)
        .thenCompose(
            or(
                () ->
                    readModifyWriter.change(
                        claim.lock(),
                        LockSnapshot.RemainingLease.ESTIMATED,
                        commands.acquire(claim, intent))));
  }

  CompletableFuture<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return optimisticWriter
        .handOver(from, to, intent)
        .thenCompose(
            or(
                () ->
                    readModifyWriter.change(
                        from.lock(),
                        LockSnapshot.RemainingLease.ESTIMATED,
                        commands.handOver(from, to, intent))));
  }

  CompletableFuture<Renewal> renew(GrantRef grant) {
    return optimisticWriter
        .renew(grant)
        .thenCompose(
            or(
                () ->
                    readModifyWriter.change(
                        grant.lock(),
                        LockSnapshot.RemainingLease.ESTIMATED,
                        commands.renew(grant))));
  }

  CompletableFuture<Release> release(ReleaseCommand command) {
    return optimisticWriter
        .release(command)
        .thenCompose(
            or(
                () ->
                    readModifyWriter.change(
                        command.lock(),
                        LockSnapshot.RemainingLease.ESTIMATED,
                        commands.release(command))));
  }

  CompletableFuture<Revocation> forceRelease(ForceReleaseCommand command) {
    // FULL, because the remaining lease is only an estimate here: the lock stays closed for a whole
    // lease.
    return readModifyWriter.change(
        command.lock(), LockSnapshot.RemainingLease.FULL, commands.forceRelease(command));
  }

  CompletableFuture<Boolean> leave(LockName lock) {
    queueNodes.forgetTurn(lock);
    return readModifyWriter.change(lock, LockSnapshot.RemainingLease.ESTIMATED, commands.leave());
  }

  CompletableFuture<StoreInfo> info() {
    return gate.call(bootstrap::ensureExists)
        .thenCombine(
            registry.list(gate),
            (id, replicas) ->
                new StoreInfo(
                    "zookeeper",
                    id,
                    new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1)),
                    replicas));
  }

  CompletableFuture<Boolean> announce(Replica changed) {
    return registry.announce(gate, changed);
  }

  LockReader reader() {
    return reader;
  }

  LockLister lister() {
    return lister;
  }

  FenceMarks marks() {
    return marks;
  }

  /** Deletes locks and marks that were unused for the given times, in all buckets. For tests. */
  CompletableFuture<Boolean> purge(int firstBucket, LockSweeper.PurgeAges ages) {
    return firstBucket >= NodeName.BUCKETS
        ? CompletableFuture.completedFuture(true)
        : sweeper
            .purge(firstBucket, ages)
            .thenCompose(done -> purge(firstBucket + LockSweeper.BUCKETS_AT_ONCE, ages));
  }

  /** Returns fence marks with their own retention. For tests. */
  FenceMarks marks(Duration retention) {
    return marks.withRetention(retention);
  }

  /** Returns the number of states that this replica expires. For tests. */
  int trackedStates() {
    return stateTimers.size();
  }

  /** True if this replica purges for all replicas. For tests. */
  boolean isPurger() {
    return registry.isFirst();
  }

  @Override
  public void close() {
    connection.close();
  }

  private CompletableFuture<Boolean> repair() {
    existingLocks.clear();
    return gate.call(bootstrap::repair).thenApply(id -> true);
  }

  private void onReplicaGone() {
    connection.scheduleSweep();
  }

  private static <T> Function<Optional<T>, CompletableFuture<T>> or(
      Supplier<CompletableFuture<T>> otherwise) {
    return answer -> answer.map(CompletableFuture::completedFuture).orElseGet(otherwise);
  }

  /** Connects the stateTimers with the components that are created after it. */
  private final class ExpirerActions implements LockStateTimers.StateActions {
    @Override
    public CompletableFuture<LockSnapshot> read(LockName lock) {
      return reader.snapshot(lock);
    }

    @Override
    public CompletableFuture<Boolean> expire(LockSnapshot snapshot) {
      return batcher
          .sendAlone(snapshot.lock(), base -> txns.expire(snapshot))
          .thenApply(Optional::isPresent);
    }

    @Override
    public boolean isTrackedByAnother(LockNode node) {
      return !node.keeper().equals(registry.self()) && registry.isAlive(node.keeper());
    }
  }
}
