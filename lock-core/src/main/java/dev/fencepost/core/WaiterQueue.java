package dev.fencepost.core;

import dev.fencepost.core.AcquireAnswer.Reason;
import dev.fencepost.core.Waiter.PendingRelease;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The waiters of one lock at this replica, first come first, one place for each claim; and their
 * calls: their limits, timers and answers. Guarded by its contest's monitor.
 */
final class WaiterQueue {
  private final LockName lock;
  private final QueueContext around;
  private final Consumer<Waiter> waitOver;
  private final TreeSet<Waiter> byPlace = new TreeSet<>(Waiter::byPlace);
  private final Map<ClaimId, Waiter> byClaim = new HashMap<>();

  private final RemoteWaitBound elsewhere;

  private long sequence;

  /** When the last one came that had waited nowhere else. */
  private long newestHere;

  private boolean draining;
  private long mayComeAgainUntil;
  private Optional<Throwable> failure = Optional.empty();
  private Optional<LockState> lastState = Optional.empty();

  /**
   * {@code waitOver} is called by a timer, outside the monitor, when a waiter's calls need care.
   */
  WaiterQueue(LockName lock, QueueContext around, Consumer<Waiter> waitOver) {
    this.lock = lock;
    this.around = around;
    this.waitOver = waitOver;
    this.elsewhere = new RemoteWaitBound(around.self());
    this.newestHere = around.timers().nanoTime();
    this.mayComeAgainUntil = newestHere;
  }

  Optional<Waiter> find(ClaimId claim) {
    return Optional.ofNullable(byClaim.get(claim));
  }

  /** The waiter whose claim has the tag; looks at all of them. */
  Optional<Waiter> findByTag(long tag) {
    return byPlace.stream().filter(waiter -> waiter.tag() == tag).findFirst();
  }

  Optional<Waiter> head() {
    return byPlace.isEmpty() ? Optional.empty() : Optional.of(byPlace.first());
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

  /** Whether a claim other than this waiter's wants the lock. */
  boolean isWantedByOthers(Optional<Waiter> same) {
    return byPlace.stream()
        .anyMatch(waiter -> waiter.isWanted() && same.filter(waiter::equals).isEmpty());
  }

  /** What the store last said of the lock. */
  void saw(LockState state) {
    lastState = Optional.of(state);
    sawLine(state);
  }

  /** Who stood in line at some moment, perhaps a while ago. */
  void sawLine(LockState state) {
    elsewhere.saw(state, around.timers().nanoTime());
  }

  /** For how long a claim whose wait was over may come again and stand where it stood. */
  Duration mayComeAgainFor() {
    if (draining) {
      return Duration.ZERO;
    }
    long left = mayComeAgainUntil - around.timers().nanoTime();
    return Duration.ofNanos(Math.max(0, left));
  }

  void storeAnswered() {
    failure = Optional.empty();
  }

  void storeFailed(Throwable why) {
    failure = Optional.of(why);
  }

  /**
   * Gives the call's claim a place: the one it had a moment ago, or the last one, or an earlier one
   * for what it can have waited elsewhere, but not before the oldest.
   *
   * @throws OverLimitException if there is none
   */
  Waiter seat(AcquireCall call) {
    int room = around.settings().maxWaitersPerLock();
    if (byPlace.size() >= room) {
      throw new OverLimitException("waiters of lock \"" + lock + "\"", room);
    }
    around.quotas().keep(call.order.client(), WaiterQuotas.sizeOf(call.order.claim().claimant()));
    Optional<RecentPlaces.Place> former = around.places().take(lock, call.order.claim().id());
    // Each caller brought a copy of the name, a good part of what a waiter costs.
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
      // There is nobody to overtake, and those who come after are measured by it.
      newestHere = start == now ? now : newestHere;
      return Math.max(start, now - AcquireCommand.MAX_WAIT.toNanos());
    }
    if (start == now) {
      newestHere = now;
      return now;
    }
    // Those who began before the oldest, or before the bound, are in order among themselves.
    long bound = Math.min(now - elsewhere.longest(now), newestHere + 1);
    return Math.max(start, Math.max(bound, byPlace.first().placeNanos + 1));
  }

  /**
   * Answers the waiter's calls that are over, sees to the timers of the others, or frees its place.
   */
  void keep(Waiter waiter, DeferredActions after) {
    long now = around.timers().nanoTime();
    for (AcquireCall call : List.copyOf(waiter.calls)) {
      boolean tried = call.asked || !call.triesOnce() || failure.isPresent();
      boolean over = tried && now - call.deadlineNanos() >= 0;
      if (waiter.unanswered) {
        count(waiter, call, after);
      } else if (draining) {
        Throwable why = new DrainingException(call.waitedAt(now));
        finish(waiter, call, () -> call.fail(why), after);
      } else if (over) {
        giveUp(waiter, call, after);
      } else if (count(waiter, call, after) && !call.hasTimer() && !call.triesOnce()) {
        Duration left = Duration.ofNanos(call.deadlineNanos() - now);
        call.timer(around.timers().schedule(left, () -> waitOver.accept(waiter)));
      }
    }
    removeIfUnwanted(waiter);
  }

  /**
   * One more call speaks for the waiter's claim. If too many do, the oldest is sent away: its
   * caller is the likeliest to have gone, and the newest is alive.
   */
  void add(Waiter waiter, AcquireCall call, DeferredActions after) {
    if (waiter.calls.size() >= Waiter.MOST_CALLS) {
      AcquireCall oldest = waiter.calls.get(0);
      OverLimitException why = new OverLimitException("calls of one claim", Waiter.MOST_CALLS);
      finish(waiter, oldest, () -> oldest.fail(why), after);
    }
    waiter.add(call);
  }

  /** A release of the waiter's claim, to be carried out when nothing of it is at the store. */
  void add(Waiter waiter, PendingRelease pending, DeferredActions after) {
    try {
      waiter.add(pending);
    } catch (OverLimitException e) {
      after.add(() -> pending.answer().completeExceptionally(e));
    }
  }

  /** The caller has gone, and its claim with the last of its calls. */
  void dismiss(Waiter waiter, AcquireCall call) {
    if (waiter.calls.remove(call)) {
      forget(call);
      removeIfUnwanted(waiter);
    }
  }

  /**
   * Answers the calls of the waiter that came before the command was sent with its grant, and frees
   * its place. If others came since, it stays for them, and the answer is true.
   */
  boolean grant(Waiter waiter, Grant grant, DeferredActions after) {
    if (!waiter.releases.isEmpty()) {
      withdraw(waiter, after);
    }
    for (AcquireCall call : List.copyOf(waiter.calls)) {
      if (call.asked) {
        AcquireAnswer granted = new AcquireAnswer.Granted(grant, call.mark);
        finish(waiter, call, () -> call.complete(granted), after);
      }
    }
    if (waiter.calls.isEmpty()) {
      remove(waiter);
    }
    return !waiter.calls.isEmpty();
  }

  /** Tells all calls of the waiter that its claim was released, and frees its place. */
  void withdraw(Waiter waiter, DeferredActions after) {
    for (AcquireCall call : List.copyOf(waiter.calls)) {
      AcquireAnswer answer = notGranted(call, Reason.WITHDRAWN);
      finish(waiter, call, () -> call.complete(answer), after);
    }
    if (!waiter.unanswered) {
      remove(waiter);
    }
  }

  /** Sends everybody away; those whom the store has yet to answer go after its answer. */
  void drain(DeferredActions after) {
    draining = true;
    for (Waiter waiter : List.copyOf(byPlace)) {
      if (!waiter.unanswered) {
        keep(waiter, after);
      }
    }
  }

  QueuedLockView view(LockState state) {
    List<QueuedLockView.WaiterView> shown = new ArrayList<>();
    long now = around.timers().nanoTime();
    for (Waiter waiter : byPlace) {
      if (shown.size() == QueuedLockView.MAX_WAITERS_SHOWN) {
        break;
      }
      Duration waited = Duration.ofNanos(Math.max(0, now - waiter.placeNanos));
      shown.add(
          new QueuedLockView.WaiterView(
              waiter.claim.claimant(), waiter.claim.id().tag(), waited, shown.size() + 1));
    }
    return QueuedLockView.of(state, around.self(), shown, byPlace.size());
  }

  private boolean count(Waiter waiter, AcquireCall call, DeferredActions after) {
    if (call.counted) {
      return true;
    }
    try {
      around.quotas().enter(call.order.client());
      call.counted = true;
      return true;
    } catch (OverLimitException e) {
      finish(waiter, call, () -> call.fail(e), after);
      return false;
    }
  }

  private void giveUp(Waiter waiter, AcquireCall call, DeferredActions after) {
    if (failure.isPresent()) {
      Throwable why = failure.orElseThrow();
      finish(waiter, call, () -> call.fail(why), after);
    } else {
      Reason once = lastState.map(NoWaitResponder::reasonFor).orElse(Reason.BUSY);
      AcquireAnswer answer = notGranted(call, call.triesOnce() ? once : Reason.TIMED_OUT);
      if (!call.triesOnce()) {
        mayComeAgainUntil = around.timers().nanoTime() + RecentPlaces.KEPT.toNanos();
      }
      finish(waiter, call, () -> call.complete(answer), after);
    }
  }

  private AcquireAnswer notGranted(AcquireCall call, Reason reason) {
    Duration waited = call.waitedAt(around.timers().nanoTime());
    return new AcquireAnswer.NotGranted(reason, lastState, waited);
  }

  private void finish(Waiter waiter, AcquireCall call, Runnable answer, DeferredActions after) {
    waiter.calls.remove(call);
    forget(call);
    after.add(answer);
  }

  private void forget(AcquireCall call) {
    call.stopTimer();
    if (call.counted) {
      call.counted = false;
      around.quotas().leave(call.order.client());
    }
  }

  private void removeIfUnwanted(Waiter waiter) {
    if (waiter.calls.isEmpty() && !waiter.unanswered && remove(waiter) && waiter.waits) {
      around.places().remember(waiter);
    }
  }

  private boolean remove(Waiter waiter) {
    byPlace.remove(waiter);
    boolean removed = byClaim.remove(waiter.claim.id(), waiter);
    if (removed) {
      around.quotas().forget(waiter.client, waiter.sizeBytes);
    }
    return removed;
  }
}
