package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.ObservedLock.Basis;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdLeases;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.backend.etcd.rpc.TtlRounding;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.HandOver;
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
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.LockCommand;
import dev.fencepost.lock.spi.support.RecordSteps;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Locks in an etcd that a backend has opened. Only {@link #close} blocks. Stages complete on the
 * connection's thread, so a caller that blocks it stops all calls. Safe for use by many threads.
 */
final class EtcdStore implements LockStore {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdStore.class);
  private static final Duration TICK = Duration.ofMillis(200);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private final EtcdSettings settings;
  private final EtcdConnections connections;
  private final CallFailures failures;
  private final CallDeadlines deadlines;
  private final TtlRounding rounding;
  private final EtcdLeases leases;
  private final OperationContext context;
  private final LockRenewer renewer;
  private final ReplicaQueueKeeper queueKeeper;
  private final ReplicaRegistry replicas;
  private final LockLister lister;
  private final FenceMarks fenceMarks;
  private final AtomicInteger callsInFlight = new AtomicInteger();

  /** Makes the parts of a store; {@link #start} registers the replica. */
  EtcdStore(EtcdBackend.Opening opening, TtlRounding rounding, EtcdSettings usable) {
    this.settings = usable;
    this.rounding = rounding;
    connections = opening.connections();
    failures = opening.failures();
    deadlines = opening.deadlines();
    EtcdBackend.ClockAndRandom environment = opening.environment();
    Replica self = opening.self();
    EtcdSchema schema = new EtcdSchema(settings.prefix());
    leases = new EtcdLeases(connections, settings, environment.random(), failures, deadlines);
    TokenBase tokenBase =
        new TokenBase(
            connections, schema.tokenBase(), environment.clockNanos(), environment.random());
    TxnLanes lanes = new TxnLanes(connections, schema, settings, failures, deadlines);
    LockReader reader = new LockReader(connections, schema, lanes, tokenBase, leases.client());
    context =
        new OperationContext(
            self.id(),
            schema,
            tokenBase,
            lanes,
            leases,
            reader,
            new LocalGrants(),
            new LockWatches(
                connections, schema, self.id(), opening.wake(), settings.callTimeout()));
    renewer = new LockRenewer(context);
    queueKeeper = new ReplicaQueueKeeper(context, settings.callTimeout());
    replicas =
        new ReplicaRegistry(
            connections,
            schema,
            leases,
            settings.callTimeout(),
            self,
            environment.newStoreId(),
            rounding);
    lister = new LockLister(connections, schema, reader);
    fenceMarks = new FenceMarks(connections, schema, tokenBase, leases.marks());
  }

  /** Registers the replica, writes a token base and describes the store. */
  CompletionStage<StoreInfo> start(Replica self) {
    return call(deadline ->
            replicas
                .announce(self, deadline)
                .thenCompose(done -> context.tokenBase().current(deadline))
                .thenCompose(done -> replicas.info(deadline)))
        .thenApply(
            info -> {
              ticks().forEach(tick -> deadlines.repeat(tick, TICK));
              return info;
            });
  }

  @Override
  public CompletionStage<Void> announce(Replica self) {
    return call(deadline -> replicas.announce(self, deadline)).thenAccept(done -> {});
  }

  @Override
  public CompletionStage<Attempt> tryAcquire(Claim claim, QueueIntent intent) {
    return call(
        new LockCommand.AcquireClaim(rounding.round(claim), intent),
        Optional.of(context.watches().guess(claim.lock())));
  }

  @Override
  public CompletionStage<HandOver> handOver(GrantRef from, Claim to, QueueIntent intent) {
    return call(
        new LockCommand.HandOverGrant(from, rounding.round(to), intent),
        guessOf(ReleaseCommand.of(from)));
  }

  @Override
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return leases.renew(() -> renewer.renew(grant, CallDeadline.in(settings.callTimeout())));
  }

  /** Deferrable, and takes no place of a call that is not. */
  @Override
  public CompletionStage<Release> release(ReleaseCommand command) {
    return leases.release(() -> call(new LockCommand.ReleaseClaim(command), guessOf(command)));
  }

  @Override
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand command) {
    return call(new LockCommand.ForceReleaseLock(command), Optional.empty());
  }

  @Override
  public CompletionStage<Void> leave(LockName lock) {
    return call(new LockCommand.LeaveQueue(lock), Optional.empty()).thenAccept(left -> {});
  }

  @Override
  public CompletionStage<List<LockState>> describe(Collection<LockName> locks) {
    List<LockName> names = List.copyOf(locks);
    return call(deadline -> context.reader().describe(names, deadline));
  }

  @Override
  public CompletionStage<LockPage> list(ListQuery query) {
    return call(deadline -> lister.list(query, deadline));
  }

  @Override
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return call(deadline -> fenceMarks.advance(resource, token, deadline));
  }

  @Override
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return call(deadline -> fenceMarks.reset(resource, deadline));
  }

  @Override
  public CompletionStage<StoreInfo> info() {
    return call(replicas::info);
  }

  @Override
  public void close() {
    deadlines.close();
    context.watches().close();
    context.lanes().close();
    Stream<LeaseHandle> left =
        Stream.concat(replicas.leaseToRevoke().stream(), leases.drain().stream());
    leases.close();
    CallDeadline deadline = CallDeadline.in(CLOSE_TIMEOUT);
    CompletableFuture<?>[] revoked =
        left.map(lease -> leases.client().revoke(lease.id(), deadline).toCompletableFuture())
            .toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(revoked).get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("etcd does not answer; the leases of this replica will expire there");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    connections.close();
  }

  private List<Runnable> ticks() {
    return List.of(
        connections::reconnect,
        leases::tick,
        context.watches()::tick,
        queueKeeper::tick,
        context.localGrants()::tick,
        replicas::tick);
  }

  /** Returns the state of a grant that this replica made, to start from. */
  private Optional<ObservedLock> guessOf(ReleaseCommand grant) {
    LockName lock = grant.lock();
    return context
        .localGrants()
        .entryOf(lock, grant.claim(), grant.token())
        .map(
            entry ->
                new ObservedLock(
                    lock, Optional.of(entry), context.watches().queueOf(lock), Basis.GUESSED));
  }

  /**
   * Runs a command within the call timeout.
   *
   * @param guess the state to start from; empty to read first
   */
  private <T> CompletionStage<T> call(LockCommand<T> command, Optional<ObservedLock> guess) {
    if (guess.isPresent()) {
      leases.memory().prepare(CallDeadline.in(settings.callTimeout()));
    }
    return call(
        deadline -> {
          EtcdLockTable<T> table = new EtcdLockTable<>(command, context, renewer);
          return RecordSteps.run(command, table, guess, failures, deadline)
              .whenComplete((answer, error) -> table.returnUnusedLease());
        });
  }

  /** Runs a call within the call timeout, unless too many are in flight. */
  private <T> CompletionStage<T> call(Function<CallDeadline, CompletionStage<T>> call) {
    if (callsInFlight.incrementAndGet() > settings.queue()) {
      callsInFlight.decrementAndGet();
      return CompletableFuture.failedFuture(failures.overloaded());
    }
    return deadlines.within(
        settings.callTimeout(),
        AsyncCalls.start(() -> call.apply(CallDeadline.in(settings.callTimeout())))
            .whenComplete((result, error) -> callsInFlight.decrementAndGet()),
        failures::timeout);
  }
}
