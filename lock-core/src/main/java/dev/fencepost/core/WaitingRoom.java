package dev.fencepost.core;

import dev.fencepost.core.AcquireAnswer.Reason;
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
final class WaitingRoom {
  private final LockName lock;
  private final Surroundings around;
  private final Consumer<Waiter> waitOver;
  private final TreeSet<Waiter> byPlace = new TreeSet<>(Waiter::byPlace);
  private final Map<ClaimId, Waiter> byClaim = new HashMap<>();

  private long sequence;
  private boolean draining;
  private Optional<Throwable> failure = Optional.empty();
  private Optional<LockState> lastState = Optional.empty();

  /**
   * {@code waitOver} is called by a timer, outside the monitor, when a waiter's calls need care.
   */
  WaitingRoom(LockName lock, Surroundings around, Consumer<Waiter> waitOver) {
    this.lock = lock;
    this.around = around;
    this.waitOver = waitOver;
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

  /** What the store last said of the lock. */
  void saw(LockState state) {
    lastState = Optional.of(state);
  }

  void storeAnswered() {
    failure = Optional.empty();
  }

  void storeFailed(Throwable why) {
    failure = Optional.of(why);
  }

  /**
   * Gives the call's claim a place: the last one, or an earlier one for what it waited elsewhere,
   * but not before the oldest.
   *
   * @throws OverLimitException if there is none
   */
  Waiter seat(PendingCall call) {
    int room = around.settings().maxWaitersPerLock();
    if (byPlace.size() >= room) {
      throw new OverLimitException("waiters of lock \"" + lock + "\"", room);
    }
    // Each caller brought a copy of the name, a good part of what a waiter costs.
    call.order = call.order.sharing(lock);
    long now = call.arrivedNanos;
    // In an empty room there is nobody to overtake, and those who come after are measured by it.
    long most = head().map(head -> now - head.placeNanos).orElse(AcquireOrder.MAX_WAIT.toNanos());
    long waited = call.order.waited().toNanos();
    // Those who come from elsewhere before the oldest could be told are in order among themselves.
    long place = waited > most ? now - most + 1 : now - waited;
    Waiter waiter = new Waiter(call.order, place, now - waited, sequence++);
    around.quotas().keep(waiter.client, waiter.sizeBytes);
    byPlace.add(waiter);
    byClaim.put(waiter.claim.id(), waiter);
    return waiter;
  }

  /**
   * Answers the waiter's calls that are over, sees to the timers of the others, or frees its place.
   */
  void keep(Waiter waiter, Actions after) {
    long now = around.timers().nanoTime();
    for (PendingCall call : List.copyOf(waiter.calls)) {
      boolean over = now - call.deadlineNanos() >= 0;
      if (waiter.unanswered) {
        count(waiter, call, after);
      } else if (draining) {
        Throwable why = new DrainingException(call.waitedAt(now));
        finish(waiter, call, () -> call.fail(why), after);
      } else if (over) {
        giveUp(waiter, call, after);
      } else if (count(waiter, call, after) && !call.hasTimer()) {
        Duration left = Duration.ofNanos(call.deadlineNanos() - now);
        call.timer(around.timers().schedule(left, () -> waitOver.accept(waiter)));
      }
    }
    removeIfUnwanted(waiter);
  }

  /** The caller has gone, and its claim with the last of its calls. */
  void dismiss(Waiter waiter, PendingCall call) {
    if (waiter.calls.remove(call)) {
      forget(call);
      removeIfUnwanted(waiter);
    }
  }

  /** Answers all calls of the waiter with its grant and frees its place. */
  void grant(Waiter waiter, Grant grant, Actions after) {
    if (waiter.releases.isEmpty()) {
      for (PendingCall call : List.copyOf(waiter.calls)) {
        AcquireAnswer granted = new AcquireAnswer.Granted(grant, call.mark);
        finish(waiter, call, () -> call.complete(granted), after);
      }
    } else {
      withdraw(waiter, after);
    }
    remove(waiter);
  }

  /** Tells all calls of the waiter that its claim was released, and frees its place. */
  void withdraw(Waiter waiter, Actions after) {
    for (PendingCall call : List.copyOf(waiter.calls)) {
      AcquireAnswer answer = notGranted(call, Reason.WITHDRAWN);
      finish(waiter, call, () -> call.complete(answer), after);
    }
    removeIfUnwanted(waiter);
  }

  /** Sends everybody away; those whom the store has yet to answer go after its answer. */
  void drain(Actions after) {
    draining = true;
    for (Waiter waiter : List.copyOf(byPlace)) {
      if (!waiter.unanswered) {
        keep(waiter, after);
      }
    }
  }

  LockView view(LockState state) {
    List<LockView.WaiterView> shown = new ArrayList<>();
    long now = around.timers().nanoTime();
    for (Waiter waiter : byPlace) {
      if (shown.size() == LockView.MAX_WAITERS_SHOWN) {
        break;
      }
      Duration waited = Duration.ofNanos(Math.max(0, now - waiter.placeNanos));
      shown.add(
          new LockView.WaiterView(
              waiter.claim.claimant(), waiter.claim.id().tag(), waited, shown.size() + 1));
    }
    return LockView.of(state, around.self(), shown, byPlace.size());
  }

  private boolean count(Waiter waiter, PendingCall call, Actions after) {
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

  private void giveUp(Waiter waiter, PendingCall call, Actions after) {
    if (failure.isPresent()) {
      Throwable why = failure.orElseThrow();
      finish(waiter, call, () -> call.fail(why), after);
    } else {
      Reason once = lastState.map(BusyAnswer::reasonFor).orElse(Reason.BUSY);
      AcquireAnswer answer = notGranted(call, call.triesOnce() ? once : Reason.TIMED_OUT);
      finish(waiter, call, () -> call.complete(answer), after);
    }
  }

  private AcquireAnswer notGranted(PendingCall call, Reason reason) {
    Duration waited = call.waitedAt(around.timers().nanoTime());
    return new AcquireAnswer.NotGranted(reason, lastState, waited);
  }

  private void finish(Waiter waiter, PendingCall call, Runnable answer, Actions after) {
    waiter.calls.remove(call);
    forget(call);
    after.add(answer);
  }

  private void forget(PendingCall call) {
    call.stopTimer();
    if (call.counted) {
      call.counted = false;
      around.quotas().leave(call.order.client());
    }
  }

  private void removeIfUnwanted(Waiter waiter) {
    if (waiter.calls.isEmpty() && !waiter.unanswered) {
      remove(waiter);
    }
  }

  private void remove(Waiter waiter) {
    byPlace.remove(waiter);
    if (byClaim.remove(waiter.claim.id(), waiter)) {
      around.quotas().forget(waiter.client, waiter.sizeBytes);
    }
  }
}
