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
 * One replica's side of every lock: decides who waits here, who is next, and what the store is
 * asked.
 *
 * <p>Thread-safe; no method blocks. It keeps nothing that a grant needs: any replica can renew or
 * release any grant. Stages complete on the thread that brought the store's answer, exceptionally
 * with {@link dev.fencepost.lock.spi.StoreException} if the store did not give one.
 */
public final class LockCoordinator implements AutoCloseable {
  private final LockBackend backend;
  private final Replica self;
  private final QueueContext around;
  private final ConcurrentMap<LockName, LockQueue> contests = new ConcurrentHashMap<>();
  private final RevokedGrants taken = new RevokedGrants();
  private final WatchHub watches;
  private final ContendedLockPoller recheck;
  private final AtomicBoolean opened = new AtomicBoolean();
  private volatile boolean draining;
  private volatile @Nullable StoreInfo known;

  /**
   * Nothing is sent to the store before {@link #open()}.
   *
   * @param backend the store; closed with this
   * @param self this replica
   * @param settings its limits
   * @param timers time
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
    this.around =
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
    this.recheck = new ContendedLockPoller(around, contests, watches::lookAtAll);
  }

  /** Connects the store and starts the re-check. May be repeated after a failure. */
  public CompletionStage<StoreInfo> open() {
    return backend
        .open(self, this::wake)
        .thenApply(
            info -> {
              known = info;
              if (opened.compareAndSet(false, true)) {
                recheck.start();
              }
              return info;
            });
  }

  /** Takes the lock, or waits for it in this replica's queue. */
  public PendingAcquire acquire(AcquireCommand order) {
    AcquireCall call = new AcquireCall(order, around.timers().nanoTime());
    if (draining) {
      call.fail(new DrainingException(order.waited()));
      return call;
    }
    DeferredActions after = new DeferredActions();
    LockName lock = order.claim().lock();
    meet(lock, contest -> contest.arrive(call, after));
    after.run();
    if (draining) {
      // It has begun since: its sweep may have missed this call.
      Optional.ofNullable(contests.get(lock)).ifPresent(LockQueue::drain);
    }
    return call;
  }

  /** Extends a grant by its own ttl. Never waits behind an acquire. */
  public CompletionStage<Renewal> renew(GrantRef grant) {
    return backend.renew(grant).thenApply(answer -> taken.told(grant, answer));
  }

  /**
   * Ends a claim; its lock goes to the next in the queue in the same step, if somebody waits here.
   */
  public CompletionStage<Release> release(ReleaseCommand order) {
    PendingRelease pending = new PendingRelease(order, new CompletableFuture<>());
    LockQueue contest = contests.get(order.lock());
    DeferredActions after = new DeferredActions();
    CompletionStage<Release> answer = pending.answer();
    if (contest != null && contest.release(pending, after)) {
      after.run();
    } else {
      answer = backend.release(order).whenComplete((ended, error) -> freed(order.lock()));
    }
    return answer.thenApply(ended -> taken.told(order, ended));
  }

  /** Ends the lock's grant whoever holds it. */
  public CompletionStage<Revocation> forceRelease(ForceReleaseCommand order) {
    return backend
        .forceRelease(order)
        .thenApply(
            done -> {
              taken.note(order, done);
              return done;
            })
        .whenComplete((done, error) -> freed(order.lock()));
  }

  /** Shows a lock and those who wait for it here. */
  public CompletionStage<QueuedLockView> inspect(LockName lock) {
    return describe(lock).thenApply(this::view);
  }

  /** Reads a lock's state from the store. */
  public CompletionStage<LockState> describe(LockName lock) {
    return backend.describe(List.of(lock)).thenApply(states -> only(lock, states));
  }

  /** The state of the one lock that was asked for; fails if its record cannot be read. */
  static LockState only(LockName lock, List<LockState> states) {
    if (states.isEmpty()) {
      throw leftOut(lock);
    }
    return states.get(0);
  }

  /** The failure for a lock that the store left out of its answer. */
  static StoreException leftOut(LockName lock) {
    return StoreException.unreadable(lock, "the server's log says why");
  }

  /** Reads a page of locks from the store. */
  public CompletionStage<LockPage> list(ListQuery query) {
    return backend.list(query);
  }

  /** The same lock with those who wait for it here. */
  public QueuedLockView view(LockState state) {
    LockQueue contest = contests.get(state.lock());
    return contest == null
        ? QueuedLockView.of(state, self.id(), List.of(), 0)
        : contest.view(state);
  }

  /** Lets a token pass a resource's mark and raises the mark. */
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    return backend.advance(resource, token);
  }

  /** Forgets a resource's mark. */
  public CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    return backend.resetMark(resource);
  }

  /** Asks the store who it is and which replicas live. */
  public CompletionStage<StoreInfo> info() {
    return backend
        .info()
        .thenApply(
            info -> {
              known = info;
              return info;
            });
  }

  /** Whether the store was opened, and {@link #known()} answers. */
  public boolean isOpened() {
    return known != null;
  }

  /**
   * What the store said last of itself and the replicas.
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
   * Follows some locks. {@code onNews} is called, on any thread, when there is something to take
   * after there was nothing; it does not block.
   */
  public LockSubscription watch(Collection<LockName> locks, Runnable onNews) {
    MergedSubscription subscription =
        new MergedSubscription(new LinkedHashSet<>(locks), onNews, watches);
    watches.add(subscription);
    return subscription;
  }

  /**
   * Refuses new claims from now on, answers those that wait with {@link DrainingException}, and
   * tells the store. Renewing and releasing go on.
   */
  public CompletionStage<Void> drain() {
    draining = true;
    contests.values().forEach(LockQueue::drain);
    return backend.announce(new Replica(self.id(), self.address(), Replica.Phase.DRAINING));
  }

  /** Calls that wait in the queues of this replica. */
  public int waiterCount() {
    return around.quotas().waiters();
  }

  /**
   * Memory that owners, principals and metadata of claims take that wait here or are being tried,
   * in bytes.
   */
  public long waitingBytes() {
    return around.quotas().bytes();
  }

  /** Locks that somebody waits for here, or has waited for a moment ago. */
  public int contendedLockCount() {
    return contests.size();
  }

  /** Sends away what waits, stops looking at the store and closes the backend. */
  @Override
  public void close() {
    draining = true;
    recheck.stop();
    contests.values().forEach(LockQueue::drain);
    backend.close();
  }

  private void wake(LockName lock) {
    DeferredActions after = new DeferredActions();
    meet(lock, contest -> contest.wake(after));
    after.run();
  }

  private void freed(LockName lock) {
    watches.changed(lock);
    LockQueue contest = contests.get(lock);
    if (contest != null) {
      contest.lookAgain();
    }
  }

  /** Begins a contest, or joins the one that goes on; one that has just ended is out of the map. */
  private void meet(LockName lock, Predicate<LockQueue> joined) {
    boolean done = false;
    while (!done) {
      done =
          joined.test(
              contests.computeIfAbsent(
                  lock, name -> new LockQueue(name, around, over -> contests.remove(name, over))));
    }
  }
}
