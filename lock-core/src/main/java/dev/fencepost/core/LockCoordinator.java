package dev.fencepost.core;

import dev.fencepost.core.Waiter.PendingRelease;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreInfo;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Coordinates all locks on one replica: queues the waiters, picks the next one, and sends the
 * commands to the store.
 *
 * <p>Thread-safe; no method blocks. It keeps no state that a grant depends on: any replica can
 * renew or release any grant. Stages complete on the thread that brought the store's answer. They
 * fail with {@link dev.fencepost.lock.spi.StoreException} if the store gave no answer.
 */
public final class LockCoordinator implements AutoCloseable {
  private final LockBackend backend;
  private final Replica self;
  private final QueueContext context;
  private final ConcurrentMap<LockName, LockQueue> queues = new ConcurrentHashMap<>();
  private final RevokedGrants revoked = new RevokedGrants();
  private final WatchHub watches;
  private final ContendedLockPoller poller;
  private final AtomicBoolean opened = new AtomicBoolean();
  private volatile boolean draining;
  private volatile @Nullable StoreInfo known;

  /**
   * Creates a coordinator. Nothing is sent to the store before {@link #open()}. *
   *
   * @param backend the store; closed with this
   * @param self this replica
   * @param settings its limits
   * @param timers clock and timers
   * @param random for jitter; thread-safe
   */
  public LockCoordinator(
      LockBackend backend,
      Replica self,
      CoordinatorSettings settings,
      TimerService timers,
      RandomGenerator random) {
    this.backend = backend;
    this.self = self;
    this.watches = new WatchHub(backend, timers);
    this.context =
        new QueueContext(
            backend,
            self.id(),
            settings,
            timers,
            random,
            new WaiterQuotas(settings),
            new RecentPlaces(timers),
            watches::changed,
            this::freed);
    this.poller = new ContendedLockPoller(context, queues, watches::lookAtAll);
  }

  /** Connects to the store and starts polling. May be repeated after a failure. */
  public CompletionStage<StoreInfo> open() {
    return backend
        .open(self, this::wake)
        .thenApply(
            info -> {
              known = info;
              if (opened.compareAndSet(false, true)) {
                poller.start();
              }
              return info;
            });
  }

  /** Takes the lock, or waits for it in this replica's queue. */
  public PendingAcquire acquire(AcquireCommand order) {
    AcquireCall call = new AcquireCall(order, context.timers().nanoTime());
    if (draining) {
      call.fail(new DrainingException(order.waited()));
      return call;
    }
    DeferredActions after = new DeferredActions();
    LockName lock = order.claim().lock();
    meet(lock, queue -> queue.onArrival(call, after));
    after.run();
    if (draining) {
      // The drain began meanwhile and may have missed this call.
      Optional.ofNullable(queues.get(lock)).ifPresent(LockQueue::drain);
    }
    return call;
  }

  /**
   * Extends a grant by its own ttl. Never waits behind an acquire. Fails with {@link
   * OtherPrincipalException} if another principal made it and {@code makers} refuses.
   */
  public CompletionStage<Renewal> renew(GrantRef grant, MakerCheck makers) {
    return MakerSteps.renew(backend, grant, makers, MakerSteps.MAX_REPEATS)
        .thenApply(answer -> revoked.withRevocation(grant, answer));
  }

  /**
   * Ends a claim. If a waiter is queued here, the lock is handed to it in the same store command.
   * Fails with {@link OtherPrincipalException} if another principal made the claim and {@code
   * makers} refuses.
   */
  public CompletionStage<Release> release(ReleaseCommand order, MakerCheck makers) {
    PendingRelease pending = new PendingRelease(order, makers, new CompletableFuture<>());
    LockQueue queue = queues.get(order.lock());
    DeferredActions after = new DeferredActions();
    CompletionStage<Release> answer = pending.answer();
    if (queue != null && queue.release(pending, after)) {
      after.run();
    } else {
      answer =
          MakerSteps.release(backend, order, makers)
              .whenComplete((ended, error) -> freed(order.lock()));
    }
    return answer.thenApply(ended -> revoked.withRevocation(order, ended));
  }

  /** Ends the lock's grant, regardless of its holder. */
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return backend
        .forceRelease(order)
        .thenApply(
            done -> {
              revoked.note(order, done);
              return done;
            })
        .whenComplete((done, error) -> freed(order.lock()));
  }

  /** Reads a lock's state and adds the waiters queued here. */
  public CompletionStage<QueuedLockView> inspect(LockName lock) {
    return describe(lock).thenApply(this::view);
  }

  /** Reads a lock's state from the store. */
  public CompletionStage<LockState> describe(LockName lock) {
    return backend.describe(List.of(lock)).thenApply(states -> only(lock, states));
  }

  /** Returns the state of the single requested lock. */
  static LockState only(LockName lock, List<LockState> states) {
    if (states.isEmpty()) {
      throw leftOut(lock);
    }
    return states.get(0);
  }

  /** Creates the failure for a lock that the store left out of its answer. */
  static StoreException leftOut(LockName lock) {
    return StoreException.unreadable(lock, "the server's log says why");
  }

  /** Reads a page of locks from the store. */
  public CompletionStage<LockPage> list(ListQuery query) {
    return backend.list(query);
  }

  /** Adds the waiters queued here to the state. */
  public QueuedLockView view(LockState state) {
    LockQueue queue = queues.get(state.lock());
    return queue == null ? QueuedLockView.of(state, self.id(), List.of(), 0) : queue.view(state);
  }

  /** Checks a token against a resource's high-water mark and raises the mark. */
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return backend.advance(resource, token);
  }

  /** Deletes a resource's high-water mark. */
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return backend.resetMark(resource);
  }

  /** Asks the store for its identity and the live replicas. */
  public CompletionStage<StoreInfo> info() {
    return backend
        .info()
        .thenApply(
            info -> {
              known = info;
              return info;
            });
  }

  /** Returns true once the store was opened and {@link #known()} answers. */
  public boolean isOpened() {
    return known != null;
  }

  /**
   * Returns the store's last answer about itself and the replicas.
   *
   * @throws IllegalStateException before the store was opened
   */
  public StoreInfo known() {
    StoreInfo last = known;
    if (last == null) {
      throw new IllegalStateException("the store has not been opened");
    }
    return last;
  }

  /**
   * Subscribes to some locks. {@code onNews} is called on any thread when the first change arrives
   * after everything was taken. It must not block.
   */
  public LockSubscription watch(Collection<LockName> locks, Runnable onNews) {
    MergedSubscription subscription =
        new MergedSubscription(new LinkedHashSet<>(locks), onNews, watches);
    watches.add(subscription);
    return subscription;
  }

  /**
   * Starts the drain: refuses new claims, answers the waiting ones with {@link DrainingException},
   * and announces it to the store. Renewals and releases continue.
   */
  public CompletionStage<Void> drain() {
    draining = true;
    queues.values().forEach(LockQueue::drain);
    return backend.announce(new Replica(self.id(), self.address(), Replica.Phase.DRAINING));
  }

  /** Returns the number of calls that wait in the queues of this replica. */
  public int waiterCount() {
    return context.quotas().waiters();
  }

  /**
   * Returns the bytes of owners, principals and metadata of all claims that wait here or are being
   * tried.
   */
  public long waitingBytes() {
    return context.quotas().bytes();
  }

  /** Returns the number of locks with waiters here, now or a moment ago. */
  public int contendedLockCount() {
    return queues.size();
  }

  /** Answers all waiters with {@link DrainingException}, stops polling and closes the backend. */
  @Override
  public void close() {
    draining = true;
    poller.stop();
    queues.values().forEach(LockQueue::drain);
    backend.close();
  }

  private void wake(LockName lock) {
    DeferredActions after = new DeferredActions();
    meet(lock, queue -> queue.onTurn(after));
    after.run();
  }

  private void freed(LockName lock) {
    watches.changed(lock);
    LockQueue queue = queues.get(lock);
    if (queue != null) {
      queue.onMaybeFreed();
    }
  }

  /**
   * Applies the event to the lock's queue, or to a new one. A retired queue is out of the map
   * already.
   */
  private void meet(LockName lock, Predicate<LockQueue> joined) {
    boolean done = false;
    while (!done) {
      done =
          joined.test(
              queues.computeIfAbsent(
                  lock, name -> new LockQueue(name, context, over -> queues.remove(name, over))));
    }
  }
}
