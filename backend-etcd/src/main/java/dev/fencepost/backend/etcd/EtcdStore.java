package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LeaseClient.Use;
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
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A backend that is open: what it consists of, its clock ticks, and the deadlines and the bounds of
 * its calls.
 */
final class EtcdStore implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EtcdStore.class);
  private static final long TICK_MILLIS = 200;
  private static final Duration FAREWELL = Duration.ofSeconds(2);

  /** For renewals; one more takes the leases that may have ended. */
  private static final int KEEP_ALIVE_STREAMS = 4;

  private static final int LOOKS_AT_ONCE = 128;

  /** So few that little is left to do when renewals need a pause: two batches and some. */
  private static final int UNHURRIED_AT_ONCE = 256;

  /** Each is a consensus round of its own. */
  private static final int REVOCATIONS_AT_ONCE = 32;

  private static final int MOST_REVOCATIONS_WAITING = 1_000;

  private static final int RENEWALS_AT_ONCE = 1_000;
  private static final int MOST_RENEWALS_WAITING = 100_000;

  /** How long a renewal or a release may wait for its turn and its answer, in call timeouts. */
  private static final int PATIENCE = 5;

  /** Renewals read, as often as there are locks held; and reads need not wait for the disk. */
  private static final int READS_FOR_A_WRITE = 4;

  private static final SharedLease.Terms TURNS =
      new SharedLease.Terms(Use.BINDING, 2, Duration.ofMillis(250), Duration.ofSeconds(1), 10_000);
  private static final SharedLease.Terms MEMORIES =
      new SharedLease.Terms(Use.FREE, 10, Duration.ofSeconds(1), Duration.ofSeconds(4), 1_000);
  private static final Duration MARKS_WINDOW = Duration.ofHours(12);

  private final EtcdSettings settings;
  private final EtcdConnections wire;
  private final List<KeepAliveStream> keepAlives;
  private final LeaseClient leases;
  private final RenewalThrottle pressure;
  private final TxBufferFlusher sweep;
  private final RequestGate grants;
  private final RequestGate releases;
  private final RequestGate revocations;
  private final RequestGate renewing = new RequestGate(RENEWALS_AT_ONCE, MOST_RENEWALS_WAITING);
  private final TxnCounters traffic = new TxnCounters();
  private final OperationContext around;
  private final ReplicaQueueKeeper lineKeeper;
  private final EtcdRenewer renewals;
  private final LockReader looks;
  private final FenceMarks marks;
  private final AtomicInteger calls = new AtomicInteger();
  private final ScheduledThreadPoolExecutor timers =
      new ScheduledThreadPoolExecutor(
          1,
          task -> {
            Thread thread = new Thread(task, "fencepost-etcd-timers");
            thread.setDaemon(true);
            return thread;
          });

  private EtcdStore(
      EtcdSettings settings,
      EtcdEnvironment outside,
      EtcdConnections wire,
      TtlRounding terms,
      Replica self,
      Consumer<LockName> wake) {
    this.settings = settings;
    this.wire = wire;
    EtcdSchema keys = new EtcdSchema(settings.prefix());
    keepAlives =
        IntStream.rangeClosed(0, KEEP_ALIVE_STREAMS)
            .mapToObj(i -> new KeepAliveStream(wire, settings.queue()))
            .toList();
    leases =
        new LeaseClient(wire, outside.random(), new RequestGate(LOOKS_AT_ONCE, settings.queue()));
    pressure = new RenewalThrottle(settings.callTimeout(), System::nanoTime);
    sweep = new TxBufferFlusher(pressure::isHalting, leases, settings.callTimeout());
    grants = new RequestGate(() -> pressure.unhurried(UNHURRIED_AT_ONCE), settings.queue());
    releases = new RequestGate(() -> pressure.unhurried(UNHURRIED_AT_ONCE), settings.queue());
    revocations =
        new RequestGate(() -> pressure.unhurried(REVOCATIONS_AT_ONCE), MOST_REVOCATIONS_WAITING);
    TokenBase base = new TokenBase(wire, keys.base(), outside.clockNanos(), outside.random());
    TxnBatcher<LockRead, LockRead.Found> reads = reads();
    around =
        new OperationContext(
            self.id(),
            keys,
            terms,
            base,
            lane(),
            lane(),
            reads,
            leases,
            new LeaseClock(keys, reads, leases),
            new LeasePool(leases, keepAlives.get(0), grants, revocations, settings),
            new SharedLease(leases, MEMORIES),
            new SharedLease(leases, TURNS),
            new SharedLease(leases, ReplicaQueueKeeper.TERMS),
            roster(keys, self, outside, terms),
            new LocalGrants(),
            new LockWatches(wire, keys, self.id(), wake, settings.callTimeout()));
    lineKeeper = new ReplicaQueueKeeper(around, settings.callTimeout());
    renewals =
        new EtcdRenewer(
            around, keepAlives.subList(0, KEEP_ALIVE_STREAMS), keepAlives.get(KEEP_ALIVE_STREAMS));
    looks = new LockReader(wire, keys, base, leases);
    marks = new FenceMarks(wire, keys, base, new SharedLease(leases, markTerms(settings)));
    timers.setRemoveOnCancelPolicy(true);
    timers.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** A session and what its store is. */
  record Opened(EtcdStore session, StoreInfo info) {}

  /** Looks at the store, refuses one that is not fit, and registers the replica. */
  static CompletionStage<Opened> open(
      EtcdSettings settings, EtcdEnvironment outside, Replica self, Consumer<LockName> wake) {
    EtcdConnections wire = new EtcdConnections(settings);
    LeaseClient probe = new LeaseClient(wire, outside.random(), new RequestGate(1, 1));
    ServerCheck fitness = new ServerCheck(wire, settings, probe);
    return fitness
        .examine()
        .thenCompose(
            found -> {
              EtcdSettings usable = found.mayNest() ? settings : settings.withoutBatches();
              EtcdStore session = new EtcdStore(usable, outside, wire, found.terms(), self, wake);
              return session.start(self).thenApply(info -> new Opened(session, info));
            })
        .whenComplete(
            (opened, error) -> {
              if (error != null) {
                wire.close();
              }
            })
        .exceptionallyCompose(error -> CompletableFuture.failedFuture(fitness.explained(error)));
  }

  /** Makes a move, on the ground of that guess. */
  <T> CompletionStage<T> move(EtcdCommand<T> move, ObservedLock guess) {
    around.memories().prepare(CallDeadline.in(settings.callTimeout()));
    return move(move, deadline -> operation(move, deadline).from(guess));
  }

  /** Makes a move, on the ground of a look. */
  <T> CompletionStage<T> move(EtcdCommand<T> move) {
    return move(move, deadline -> operation(move, deadline).fromLook());
  }

  OperationContext around() {
    return around;
  }

  LockReader looks() {
    return looks;
  }

  FenceMarks marks() {
    return marks;
  }

  /** What was sent to change locks. */
  TxnCounters traffic() {
    return traffic;
  }

  /** Has something done within the call timeout, if not too much is being done. */
  <T> CompletionStage<T> call(Function<CallDeadline, CompletionStage<T>> ask) {
    if (calls.incrementAndGet() > settings.queue()) {
      calls.decrementAndGet();
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_OVERLOADED, "too many calls wait for etcd"));
    }
    return within(
        settings.callTimeout(),
        AsyncCalls.of(() -> ask.apply(CallDeadline.in(settings.callTimeout())))
            .whenComplete((result, error) -> calls.decrementAndGet()));
  }

  /**
   * Renews a grant. Where others are refused because too much is being done, a renewal waits for
   * its turn: one that is refused comes again, from each of very many holders, until refusing is
   * all that is done (seen with 100,000 locks: 15,000 refused in a second, 2,500 renewed).
   */
  CompletionStage<Renewal> renew(GrantRef grant) {
    return within(
        patience(),
        pressure.during(
            () ->
                renewing.pass(
                    () -> renewals.renew(grant, CallDeadline.in(settings.callTimeout())))));
  }

  private <T> CompletionStage<T> within(Duration time, CompletionStage<T> asked) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Future<?> timer = timeout(answer, time);
    asked.whenComplete(
        (result, error) -> {
          timer.cancel(false);
          if (error == null) {
            answer.complete(result);
          } else {
            answer.completeExceptionally(bare(error));
          }
        });
    return answer;
  }

  /** The failure itself. */
  static Throwable bare(Throwable error) {
    Throwable cause = error;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** Ends it without a farewell, from a thread that must not wait. */
  void abandon() {
    timers.shutdown();
    around.watches().close();
    keepAlives.forEach(KeepAliveStream::close);
    wire.close();
    pressure.lift();
    Stream.of(grants, releases, revocations).forEach(RequestGate::open);
  }

  @Override
  public void close() {
    timers.shutdown();
    around.watches().close();
    Stream<LeaseHandle> left =
        Stream.concat(around.roster().depart().stream(), around.pool().drain().stream());
    CallDeadline deadline = CallDeadline.in(FAREWELL);
    CompletableFuture<?>[] revoked =
        left.map(lease -> leases.revoke(lease.id(), deadline).toCompletableFuture())
            .toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(revoked).get(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.warn("etcd does not answer; what it has of this replica will time out");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    abandon();
  }

  /**
   * A release that nobody is known to wait for can wait, and takes no place of what cannot: a
   * client may give back 100,000 locks at once.
   */
  private <T> CompletionStage<T> move(
      EtcdCommand<T> move, Function<CallDeadline, CompletionStage<T>> ask) {
    return move instanceof EtcdCommand.End
        ? within(patience(), releases.pass(() -> call(ask)))
        : call(ask);
  }

  private Duration patience() {
    return settings.callTimeout().multipliedBy(PATIENCE);
  }

  private <T> LockOperation<T> operation(EtcdCommand<T> move, CallDeadline deadline) {
    return new LockOperation<>(move, around, renewals, deadline);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // A tick looks after itself.
  private CompletionStage<StoreInfo> start(Replica self) {
    return call(deadline ->
            around
                .roster()
                .announce(self, deadline)
                .thenCompose(done -> around.base().current(deadline))
                .thenCompose(done -> around.roster().info(deadline)))
        .whenComplete(
            (info, error) -> {
              if (error != null) {
                timers.shutdown();
              } else {
                timers.scheduleWithFixedDelay(
                    this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
              }
            });
  }

  private void tick() {
    try {
      wire.nudge();
      keepAlives.forEach(KeepAliveStream::tick);
      Stream.of(grants, releases, revocations).forEach(RequestGate::open);
      sweep.tick();
      around.watches().tick();
      lineKeeper.tick();
      around.pool().tick();
      around.holdings().tick();
      around.roster().tick();
    } catch (RuntimeException e) {
      LOG.error("A regular duty failed", e);
    }
  }

  private Future<?> timeout(CompletableFuture<?> answer, Duration time) {
    try {
      return timers.schedule(
          () -> answer.completeExceptionally(EtcdException.timeout()),
          time.toNanos(),
          TimeUnit.NANOSECONDS);
    } catch (java.util.concurrent.RejectedExecutionException e) {
      return CompletableFuture.completedFuture(e);
    }
  }

  private ReplicaRegistry roster(
      EtcdSchema keys, Replica self, EtcdEnvironment outside, TtlRounding terms) {
    return new ReplicaRegistry(
        wire, keys, leases, keepAlives.get(0), settings, self, outside.newStoreId(), terms::terms);
  }

  private TxnBatcher<GuardedTxn, GuardedTxn.Outcome> lane() {
    return new TxnBatcher<>(
        new GuardedTxn.Form(),
        new TxnBatcher.Terms(settings.batchSize(), settings.batches(), settings.queue()),
        this::send,
        traffic);
  }

  private CompletionStage<EtcdReply<TxnResponse>> send(
      TxnRequest request, long connection, CallDeadline deadline) {
    return wire.call(KVGrpc.getTxnMethod(), request, deadline, connection);
  }

  private TxnBatcher<LockRead, LockRead.Found> reads() {
    return new TxnBatcher<>(
        new LockRead.Form(),
        new TxnBatcher.Terms(
            Math.max(1, settings.batchSize() / 2),
            settings.batches() * READS_FOR_A_WRITE,
            settings.queue()),
        this::send,
        new TxnCounters());
  }

  private static SharedLease.Terms markTerms(EtcdSettings settings) {
    return new SharedLease.Terms(
        Use.FREE,
        settings.markRetention().plus(MARKS_WINDOW.multipliedBy(2)).toSeconds(),
        MARKS_WINDOW,
        MARKS_WINDOW.multipliedBy(2),
        Integer.MAX_VALUE);
  }
}
