package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.lease.KeepAliveStream;
import dev.fencepost.backend.etcd.lease.LeaseClient;
import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.lease.LeaseHandle;
import dev.fencepost.backend.etcd.lease.LeasePool;
import dev.fencepost.backend.etcd.lease.RenewalThrottle;
import dev.fencepost.backend.etcd.lease.ServerBufferFlusher;
import dev.fencepost.backend.etcd.lease.SharedLease;
import dev.fencepost.backend.etcd.lease.TtlRounding;
import dev.fencepost.backend.etcd.lock.EtcdCommand;
import dev.fencepost.backend.etcd.lock.EtcdSchema;
import dev.fencepost.backend.etcd.lock.FenceMarks;
import dev.fencepost.backend.etcd.lock.GuardedTxn;
import dev.fencepost.backend.etcd.lock.LeaseTimeReader;
import dev.fencepost.backend.etcd.lock.LocalGrants;
import dev.fencepost.backend.etcd.lock.LockLister;
import dev.fencepost.backend.etcd.lock.LockOperation;
import dev.fencepost.backend.etcd.lock.LockReadRequest;
import dev.fencepost.backend.etcd.lock.LockReader;
import dev.fencepost.backend.etcd.lock.LockRenewer;
import dev.fencepost.backend.etcd.lock.LockWatches;
import dev.fencepost.backend.etcd.lock.ObservedLock;
import dev.fencepost.backend.etcd.lock.OperationContext;
import dev.fencepost.backend.etcd.lock.ReplicaQueueKeeper;
import dev.fencepost.backend.etcd.lock.ReplicaRegistry;
import dev.fencepost.backend.etcd.lock.TokenBase;
import dev.fencepost.backend.etcd.rpc.AsyncCalls;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.CallTimers;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdReply;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.RequestGate;
import dev.fencepost.backend.etcd.rpc.TxnBatcher;
import dev.fencepost.backend.etcd.rpc.TxnCounters;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.StoreInfo;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A backend that is open: its parts, its timer, and the deadlines and bounds of its calls. */
final class EtcdStore implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdStore.class);
  private static final Duration TICK = Duration.ofMillis(200);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  /** For renewals. One more stream takes the leases that may have ended. */
  private static final int KEEP_ALIVE_STREAMS = 4;

  private static final int MAX_LEASE_QUERIES_IN_FLIGHT = 128;

  /** Two batches and some: few enough that little is left to do when a halt begins. */
  private static final int MAX_DEFERRABLE_IN_FLIGHT = 256;

  /** Few, because each is a consensus round of its own. */
  private static final int MAX_REVOCATIONS_IN_FLIGHT = 32;

  private static final int MAX_REVOCATIONS_QUEUED = 1_000;

  private static final int MAX_RENEWALS_IN_FLIGHT = 1_000;
  private static final int MAX_RENEWALS_QUEUED = 100_000;

  /** The most time of a renewal or a release, queue time included, in call timeouts. */
  private static final int DEFERRED_CALL_TIMEOUTS = 5;

  /** Each renewal reads, for every lock that is held; and reads need not wait for the disk. */
  private static final int READS_PER_WRITE = 4;

  private static final SharedLease.Rotation TURN_ROTATION =
      new SharedLease.Rotation(
          LeaseUse.BINDING, 2, Duration.ofMillis(250), Duration.ofSeconds(1), 10_000);
  private static final SharedLease.Rotation MEMORY_ROTATION =
      new SharedLease.Rotation(
          LeaseUse.FREE, 10, Duration.ofSeconds(1), Duration.ofSeconds(4), 1_000);
  private static final Duration MARK_WINDOW = Duration.ofHours(12);

  private final EtcdSettings settings;
  private final EtcdConnections connections;
  private final List<KeepAliveStream> keepAlives;
  private final LeaseClient leases;
  private final RenewalThrottle throttle;
  private final ServerBufferFlusher flusher;
  private final RequestGate leaseGrants;
  private final RequestGate releases;
  private final RequestGate revocations;
  private final RequestGate renewals = new RequestGate(MAX_RENEWALS_IN_FLIGHT, MAX_RENEWALS_QUEUED);
  private final TxnCounters counters = new TxnCounters();
  private final OperationContext context;
  private final ReplicaQueueKeeper queueKeeper;
  private final LockRenewer renewer;
  private final LockReader reader;
  private final LockLister lister;
  private final FenceMarks fenceMarks;
  private final AtomicInteger callsInFlight = new AtomicInteger();
  private final CallTimers timers = new CallTimers();

  private EtcdStore(
      EtcdSettings settings,
      ClockAndRandom environment,
      EtcdConnections connections,
      TtlRounding rounding,
      Replica self,
      Consumer<LockName> wake) {
    this.settings = settings;
    this.connections = connections;
    EtcdSchema schema = new EtcdSchema(settings.prefix());
    keepAlives =
        IntStream.rangeClosed(0, KEEP_ALIVE_STREAMS)
            .mapToObj(i -> new KeepAliveStream(connections, settings.queue()))
            .toList();
    leases =
        new LeaseClient(
            connections,
            environment.random(),
            new RequestGate(MAX_LEASE_QUERIES_IN_FLIGHT, settings.queue()));
    throttle = new RenewalThrottle(settings.callTimeout(), System::nanoTime);
    flusher = new ServerBufferFlusher(throttle::isHalting, leases, settings.callTimeout());
    leaseGrants = deferrableGate(MAX_DEFERRABLE_IN_FLIGHT, settings.queue());
    releases = deferrableGate(MAX_DEFERRABLE_IN_FLIGHT, settings.queue());
    revocations = deferrableGate(MAX_REVOCATIONS_IN_FLIGHT, MAX_REVOCATIONS_QUEUED);
    TokenBase tokenBase =
        new TokenBase(
            connections, schema.tokenBase(), environment.clockNanos(), environment.random());
    TxnBatcher<LockReadRequest, LockReadRequest.Result> reads = readBatcher();
    context =
        new OperationContext(
            self.id(),
            schema,
            rounding,
            tokenBase,
            writeBatcher(),
            writeBatcher(),
            reads,
            leases,
            new LeaseTimeReader(schema, reads, leases),
            new LeasePool(leases, keepAlives.get(0), leaseGrants, revocations, settings),
            new SharedLease(leases, MEMORY_ROTATION),
            new SharedLease(leases, TURN_ROTATION),
            new SharedLease(leases, ReplicaQueueKeeper.LEASE_ROTATION),
            registry(schema, self, environment, rounding),
            new LocalGrants(),
            new LockWatches(connections, schema, self.id(), wake, settings.callTimeout()));
    queueKeeper = new ReplicaQueueKeeper(context, settings.callTimeout());
    renewer =
        new LockRenewer(
            context, keepAlives.subList(0, KEEP_ALIVE_STREAMS), keepAlives.get(KEEP_ALIVE_STREAMS));
    reader = new LockReader(connections, schema, tokenBase, leases);
    lister = new LockLister(connections, schema, reader);
    fenceMarks =
        new FenceMarks(
            connections, schema, tokenBase, new SharedLease(leases, markRotation(settings)));
  }

  /** An open backend and the description of its store. */
  record Opened(EtcdStore store, StoreInfo info) {}

  /** Checks the store, refuses an unsuitable one, and registers the replica. */
  static CompletionStage<Opened> open(
      EtcdSettings settings, ClockAndRandom environment, Replica self, Consumer<LockName> wake) {
    EtcdConnections connections = new EtcdConnections(settings);
    LeaseClient probe = new LeaseClient(connections, environment.random(), new RequestGate(1, 1));
    EtcdServerCheck check = new EtcdServerCheck(connections, settings, probe);
    return check
        .run()
        .thenCompose(
            result -> {
              EtcdSettings usable = result.mayNest() ? settings : settings.withoutBatches();
              EtcdStore store =
                  new EtcdStore(usable, environment, connections, result.rounding(), self, wake);
              return store.start(self).thenApply(info -> new Opened(store, info));
            })
        .whenComplete(
            (opened, error) -> {
              if (error != null) {
                connections.close();
              }
            })
        .exceptionallyCompose(error -> CompletableFuture.failedFuture(check.explain(error)));
  }

  /** Runs a command, starting from this guess. */
  <T> CompletionStage<T> execute(EtcdCommand<T> command, ObservedLock guess) {
    context.memoryLease().prepare(CallDeadline.in(settings.callTimeout()));
    return execute(command, deadline -> operation(command, deadline).runFromGuess(guess));
  }

  /** Runs a command, starting from a read. */
  <T> CompletionStage<T> execute(EtcdCommand<T> command) {
    return execute(command, deadline -> operation(command, deadline).runFromRead());
  }

  OperationContext context() {
    return context;
  }

  LockReader reader() {
    return reader;
  }

  LockLister lister() {
    return lister;
  }

  FenceMarks fenceMarks() {
    return fenceMarks;
  }

  /** Returns the counters of the transactions that change locks. */
  TxnCounters counters() {
    return counters;
  }

  /** Runs a call within the call timeout, unless too many are in flight. */
  <T> CompletionStage<T> call(Function<CallDeadline, CompletionStage<T>> call) {
    if (callsInFlight.incrementAndGet() > settings.queue()) {
      callsInFlight.decrementAndGet();
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_OVERLOADED, "too many calls are queued for etcd"));
    }
    return timers.within(
        settings.callTimeout(),
        AsyncCalls.start(() -> call.apply(CallDeadline.in(settings.callTimeout())))
            .whenComplete((result, error) -> callsInFlight.decrementAndGet()));
  }

  /**
   * Renews a grant. Under overload other calls are refused, but a renewal is queued. Each of very
   * many holders would retry a refused renewal, until the server does nothing but refuse (seen with
   * 100,000 locks: 15,000 refused in a second, 2,500 renewed).
   */
  CompletionStage<Renewal> renew(GrantRef grant) {
    return timers.within(
        deferredCallTimeout(),
        throttle.measure(
            () ->
                renewals.submit(
                    () -> renewer.renew(grant, CallDeadline.in(settings.callTimeout())))));
  }

  /** Closes without ending leases first; for a thread that must not block. */
  void closeNow() {
    timers.close();
    context.watches().close();
    keepAlives.forEach(KeepAliveStream::close);
    connections.close();
    throttle.disable();
    Stream.of(leaseGrants, releases, revocations).forEach(RequestGate::admit);
  }

  @Override
  public void close() {
    timers.close();
    context.watches().close();
    Stream<LeaseHandle> left =
        Stream.concat(
            context.replicas().leaseToRevoke().stream(), context.leasePool().drain().stream());
    CallDeadline deadline = CallDeadline.in(CLOSE_TIMEOUT);
    CompletableFuture<?>[] revoked =
        left.map(lease -> leases.revoke(lease.id(), deadline).toCompletableFuture())
            .toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(revoked).get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("etcd does not answer; the leases of this replica will expire there");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    closeNow();
  }

  /**
   * Queues a release apart from other calls if nobody is known to wait for the lock. It is
   * deferrable, and it takes no slot of a call that is not: a client may release 100,000 locks at
   * once.
   */
  private <T> CompletionStage<T> execute(
      EtcdCommand<T> command, Function<CallDeadline, CompletionStage<T>> call) {
    return command instanceof EtcdCommand.EndGrant
        ? timers.within(deferredCallTimeout(), releases.submit(() -> call(call)))
        : call(call);
  }

  private Duration deferredCallTimeout() {
    return settings.callTimeout().multipliedBy(DEFERRED_CALL_TIMEOUTS);
  }

  private <T> LockOperation<T> operation(EtcdCommand<T> command, CallDeadline deadline) {
    return new LockOperation<>(command, context, renewer, deadline);
  }

  private CompletionStage<StoreInfo> start(Replica self) {
    return call(deadline ->
            context
                .replicas()
                .announce(self, deadline)
                .thenCompose(done -> context.tokenBase().current(deadline))
                .thenCompose(done -> context.replicas().info(deadline)))
        .whenComplete(
            (info, error) -> {
              if (error != null) {
                timers.close();
              } else {
                timers.repeat(this::tick, TICK);
              }
            });
  }

  private void tick() {
    try {
      connections.reconnect();
      keepAlives.forEach(KeepAliveStream::tick);
      Stream.of(leaseGrants, releases, revocations).forEach(RequestGate::admit);
      flusher.tick();
      context.watches().tick();
      queueKeeper.tick();
      context.leasePool().tick();
      context.localGrants().tick();
      context.replicas().tick();
    } catch (RuntimeException e) {
      LOG.error("A periodic task failed", e);
    }
  }

  private RequestGate deferrableGate(int inFlight, int queued) {
    return new RequestGate(() -> throttle.deferrableLimit(inFlight), queued);
  }

  private ReplicaRegistry registry(
      EtcdSchema schema, Replica self, ClockAndRandom environment, TtlRounding rounding) {
    return new ReplicaRegistry(
        connections,
        schema,
        leases,
        keepAlives.get(0),
        settings,
        self,
        environment.newStoreId(),
        rounding);
  }

  private TxnBatcher<GuardedTxn, GuardedTxn.Outcome> writeBatcher() {
    return new TxnBatcher<>(
        new GuardedTxn.Batching(),
        new TxnBatcher.Limits(settings.batchSize(), settings.batches(), settings.queue()),
        this::send,
        counters);
  }

  private TxnBatcher<LockReadRequest, LockReadRequest.Result> readBatcher() {
    return new TxnBatcher<>(
        new LockReadRequest.Batching(),
        new TxnBatcher.Limits(
            Math.max(1, settings.batchSize() / 2),
            settings.batches() * READS_PER_WRITE,
            settings.queue()),
        this::send,
        new TxnCounters());
  }

  private CompletionStage<EtcdReply<TxnResponse>> send(
      TxnRequest request, long connection, CallDeadline deadline) {
    return connections.call(KVGrpc.getTxnMethod(), request, deadline, connection);
  }

  private static SharedLease.Rotation markRotation(EtcdSettings settings) {
    return new SharedLease.Rotation(
        LeaseUse.FREE,
        settings.markRetention().plus(MARK_WINDOW.multipliedBy(2)).toSeconds(),
        MARK_WINDOW,
        MARK_WINDOW.multipliedBy(2),
        Integer.MAX_VALUE);
  }
}
