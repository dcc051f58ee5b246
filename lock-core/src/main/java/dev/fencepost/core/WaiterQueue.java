package dev.fencepost.core;

import dev.fencepost.core.AcquireAnswer.Reason;
import dev.fencepost.core.Waiter.PendingRelease;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.spi.QueueIntent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The waiters of one lock on this replica, first come, first served, one place for each claim. It
 * also keeps the limits, timers and answers of their calls. Guarded by its queue's monitor.
 */
final class WaiterQueue {
  private final LockName lock;
  private final QueueContext context;
  private final Consumer<Waiter> onWaitOver;
  private final TreeSet<Waiter> byPlace = new TreeSet<>(Waiter::byPlace);
  private final Map<ClaimId, Waiter> byClaim = new HashMap<>();

  private final RemoteWaitBound remoteWait;

  private long sequence;

  /** Arrival of the newest waiter that had not waited elsewhere. */
  private long newestLocalArrival;

  private boolean draining;
  private long keepsPlaceUntil;
  private Optional<Throwable> failure = Optional.empty();
  private Optional<LockState> lastState = Optional.empty();

  /**
   * Creates an empty queue. A timer calls {@code onWaitOver} outside the monitor when the wait of a
   * call ends.
   */
  WaiterQueue(LockName lock, QueueContext context, Consumer<Waiter> onWaitOver) {
    this.lock = lock;
    this.context = context;
    this.onWaitOver = onWaitOver;
    this.remoteWait = new RemoteWaitBound(context.self());
    this.newestLocalArrival = context.timers().nanoTime();
    this.keepsPlaceUntil = newestLocalArrival;
  }

  Optional<Waiter> find(ClaimId claim) {
    return Optional.ofNullable(byClaim.get(claim));
  }

  /** Returns the waiter whose claim has the tag. Scans all waiters. */
  Optional<Waiter> findByTag(long tag) {
    return byPlace.stream().filter(waiter -> waiter.tag() == tag).findFirst();
  }

  Optional<Waiter> head() {
    return byPlace.isEmpty() ? Optional.empty() : Optional.of(byPlace.first());
  }

  /** Returns the head if the lock can be handed to it when the other claim ends. */
  Optional<Waiter> successorOf(ReleaseCommand order) {
    return head()
        .filter(head -> !head.commandInFlight && head.isWanted())
        .filter(head -> !head.claim.id().equals(order.claim()));
  }

  boolean isEmpty() {
    return byPlace.isEmpty();
  }

  int size() {
    return byPlace.size();
  }

  boolean isDraining() {
    return draining;
  }

  /** Returns the intent of an attempt for the head. */
  QueueIntent attemptIntent(Waiter head) {
    boolean waits = head.calls.stream().anyMatch(call -> !call.triesOnce());
    QueueIntent alone = waits ? QueueIntent.JOIN : QueueIntent.NONE;
    return size() > 1 ? QueueIntent.STAY : alone;
  }

  /** Returns the intent of a hand-over to the head, after that many hand-overs in a row. */
  QueueIntent handOverIntent(int handOvers) {
    QueueIntent kept = size() > 1 ? QueueIntent.STAY : QueueIntent.JOIN;
    return handOvers >= context.settings().maxRun() - 1 ? QueueIntent.YIELD : kept;
  }

  /** Returns true if a claim other than this waiter's wants the lock. */
  boolean isWantedByOthers(Optional<Waiter> same) {
    return byPlace.stream()
        .anyMatch(waiter -> waiter.isWanted() && same.filter(waiter::equals).isEmpty());
  }

  /** Records the lock's latest state. */
  void recordState(LockState state) {
    lastState = Optional.of(state);
    recordReplicaQueue(state);
  }

  /** Records the replica queue at some moment, perhaps a while ago. */
  void recordReplicaQueue(LockState state) {
    remoteWait.recordState(state, context.timers().nanoTime());
  }

  /** Returns for how long a claim whose wait ended may return to its place. */
  Duration keepsPlaceFor() {
    if (draining) {
      return Duration.ZERO;
    }
    long left = keepsPlaceUntil - context.timers().nanoTime();
    return Duration.ofNanos(Math.max(0, left));
  }

  void recordStoreAnswer() {
    failure = Optional.empty();
  }

  void recordStoreFailure(Throwable why) {
    failure = Optional.of(why);
  }

  /**
   * Enqueues the call's claim: at its remembered place, or at the end, or earlier by the time it
   * can have waited elsewhere, but never before the oldest waiter.
   *
   * @throws OverLimitException if there is none
   */
  Waiter enqueue(AcquireCall call) {
    int room = context.settings().maxWaitersPerLock();
    if (byPlace.size() >= room) {
      throw new OverLimitException("waiters of lock \"" + lock + "\"", room);
    }
    context.quotas().keep(call.order.client(), WaiterQuotas.sizeOf(call.order.claim().claimant()));
    Optional<RecentPlaces.Place> former = context.places().take(call.order.claim());
    // Each call carries its own copy of the name, a large part of a waiter's memory; keep one.
    call.order = call.order.sharing(lock);
    long now = call.arrivedNanos;
    long start =
        former.map(RecentPlaces.Place::startNanos).orElse(now - call.order.waited().toNanos());
    long place = former.map(RecentPlaces.Place::placeNanos).orElseGet(() -> place(now, start));
    Waiter waiter = new Waiter(call.order, place, start, sequence++);
    byPlace.add(waiter);
    byClaim.put(waiter.claim.id(), waiter);
    return waiter;
  }

  private long place(long now, long start) {
    if (byPlace.isEmpty()) {
      // The queue is empty: there is no one to overtake, and later arrivals are compared with this
      // one.
      newestLocalArrival = start == now ? now : newestLocalArrival;
      return Math.max(start, now - AcquireCommand.MAX_WAIT.toNanos());
    }
    if (start == now) {
      newestLocalArrival = now;
      return now;
    }
    // Claims that began to wait before the oldest waiter, or before the bound, keep their own
    // order.
    long bound = Math.min(now - remoteWait.longest(now), newestLocalArrival + 1);
    return Math.max(start, Math.max(bound, byPlace.first().placeNanos + 1));
  }

  /**
   * Answers the waiter's calls whose wait has ended, sets the timers of the others, and removes the
   * waiter when no call is left.
   */
  void review(Waiter waiter, DeferredActions after) {
    long now = context.timers().nanoTime();
    for (AcquireCall call : List.copyOf(waiter.calls)) {
      boolean tried = call.sentToStore || !call.triesOnce() || failure.isPresent();
      boolean over = tried && now - call.deadlineNanos() >= 0;
      if (waiter.commandInFlight) {
        count(waiter, call, after);
      } else if (draining) {
        Throwable why = new DrainingException(call.waitedAt(now));
        finish(waiter, call, () -> call.fail(why), after);
      } else if (over) {
        answerTimedOut(waiter, call, after);
      } else if (count(waiter, call, after) && !call.hasTimer() && !call.triesOnce()) {
        Duration left = Duration.ofNanos(call.deadlineNanos() - now);
        call.timer(context.timers().schedule(left, () -> onWaitOver.accept(waiter)));
      }
    }
    removeIfUnwanted(waiter);
  }

  /**
   * Adds a call to the waiter's claim. Above the limit the oldest call is sent away: its caller is
   * the most likely to be gone.
   */
  void add(Waiter waiter, AcquireCall call, DeferredActions after) {
    if (waiter.calls.size() >= Waiter.MOST_CALLS) {
      AcquireCall oldest = waiter.calls.get(0);
      OverLimitException why = new OverLimitException("calls of one claim", Waiter.MOST_CALLS);
      finish(waiter, oldest, () -> oldest.fail(why), after);
    }
    waiter.add(call);
  }

  /** Adds a release of the waiter's claim, to be sent when no command for it is in flight. */
  void add(Waiter waiter, PendingRelease pending, DeferredActions after) {
    try {
      waiter.add(pending);
    } catch (OverLimitException e) {
      after.add(() -> pending.answer().completeExceptionally(e));
    }
  }

  /** Removes a call whose caller is gone, and the waiter with its last call. */
  void removeCall(Waiter waiter, AcquireCall call) {
    if (waiter.calls.remove(call)) {
      uncount(call);
      removeIfUnwanted(waiter);
    }
  }

  /**
   * Answers with the grant the calls that arrived before the command was sent, and removes the
   * waiter. Returns true if later calls remain; then the waiter stays for them.
   */
  boolean grant(Waiter waiter, Grant grant, DeferredActions after) {
    if (!waiter.releases.isEmpty()) {
      withdraw(waiter, after);
    }
    for (AcquireCall call : List.copyOf(waiter.calls)) {
      if (call.sentToStore) {
        AcquireAnswer granted = new AcquireAnswer.Granted(grant, call.mark);
        finish(waiter, call, () -> call.complete(granted), after);
      }
    }
    if (waiter.calls.isEmpty()) {
      remove(waiter);
    }
    return !waiter.calls.isEmpty();
  }

  /** Answers all calls of the waiter with WITHDRAWN and removes it. */
  void withdraw(Waiter waiter, DeferredActions after) {
    for (AcquireCall call : List.copyOf(waiter.calls)) {
      AcquireAnswer answer = notGranted(call, Reason.WITHDRAWN);
      finish(waiter, call, () -> call.complete(answer), after);
    }
    if (!waiter.commandInFlight) {
      remove(waiter);
    }
  }

  /** Answers all calls of the waiter with a failure and removes it. */
  void refuse(Waiter waiter, Throwable why, DeferredActions after) {
    for (AcquireCall call : List.copyOf(waiter.calls)) {
      finish(waiter, call, () -> call.fail(why), after);
    }
    remove(waiter);
  }

  /** Sends all waiters away. A waiter with a command in flight leaves after the store's answer. */
  void drain(DeferredActions after) {
    draining = true;
    for (Waiter waiter : List.copyOf(byPlace)) {
      if (!waiter.commandInFlight) {
        review(waiter, after);
      }
    }
  }

  QueuedLockView view(LockState state) {
    List<QueuedLockView.WaiterView> shown = new ArrayList<>();
    long now = context.timers().nanoTime();
    for (Waiter waiter : byPlace) {
      if (shown.size() == QueuedLockView.MAX_WAITERS_SHOWN) {
        break;
      }
      Duration waited = Duration.ofNanos(Math.max(0, now - waiter.placeNanos));
      shown.add(
          new QueuedLockView.WaiterView(
              waiter.claim.claimant(), waiter.claim.id().tag(), waited, shown.size() + 1));
    }
    return QueuedLockView.of(state, context.self(), shown, byPlace.size());
  }

  private boolean count(Waiter waiter, AcquireCall call, DeferredActions after) {
    if (call.counted) {
      return true;
    }
    try {
      context.quotas().enter(call.order.client());
      call.counted = true;
      return true;
    } catch (OverLimitException e) {
      finish(waiter, call, () -> call.fail(e), after);
      return false;
    }
  }

  private void answerTimedOut(Waiter waiter, AcquireCall call, DeferredActions after) {
    if (failure.isPresent()) {
      Throwable why = failure.orElseThrow();
      finish(waiter, call, () -> call.fail(why), after);
    } else {
      Reason once = lastState.map(NoWaitResponder::reasonFor).orElse(Reason.BUSY);
      AcquireAnswer answer = notGranted(call, call.triesOnce() ? once : Reason.TIMED_OUT);
      if (!call.triesOnce()) {
        keepsPlaceUntil = context.timers().nanoTime() + RecentPlaces.KEPT.toNanos();
      }
      finish(waiter, call, () -> call.complete(answer), after);
    }
  }

  private AcquireAnswer notGranted(AcquireCall call, Reason reason) {
    Duration waited = call.waitedAt(context.timers().nanoTime());
    return new AcquireAnswer.NotGranted(reason, lastState, waited);
  }

  private void finish(Waiter waiter, AcquireCall call, Runnable answer, DeferredActions after) {
    waiter.calls.remove(call);
    uncount(call);
    after.add(answer);
  }

  private void uncount(AcquireCall call) {
    call.stopTimer();
    if (call.counted) {
      call.counted = false;
      context.quotas().leave(call.order.client());
    }
  }

  private void removeIfUnwanted(Waiter waiter) {
    if (waiter.calls.isEmpty() && !waiter.commandInFlight && remove(waiter) && waiter.waits) {
      context.places().remember(waiter);
    }
  }

  private boolean remove(Waiter waiter) {
    byPlace.remove(waiter);
    boolean removed = byClaim.remove(waiter.claim.id(), waiter);
    if (removed) {
      context.quotas().forget(waiter.client, waiter.sizeBytes);
    }
    return removed;
  }
}
