package dev.fencepost.core;

import dev.fencepost.core.Waiter.PendingRelease;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreException;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * All that happens at this replica about one lock that somebody here wants: a state machine.
 *
 * <p>Events come in on any thread and are taken one after another, under this object's monitor;
 * what they cause is done after it is left. At most one command of ours that could change the
 * holder is at the store at a time. Every event ends in {@link #settle}, which decides what comes
 * next.
 */
final class LockQueue {
  private enum Phase {
    /** Nothing of ours is at the store. */
    IDLE,
    /** The head of the queue is being tried. */
    ASKING,
    /** Our place in the line is being given up. */
    LEAVING,
    /** Nobody is here any more; a new contest begins with the next caller. */
    RETIRED
  }

  private final LockName lock;
  private final QueueContext around;
  private final Consumer<LockQueue> retired;
  private final WaiterQueue room;
  private final LastHolder holder = new LastHolder();
  private final NextTry nextTry;

  private Phase phase = Phase.IDLE;
  private boolean inLine;
  private boolean lookAgain;
  private int run;

  LockQueue(LockName lock, QueueContext around, Consumer<LockQueue> retired) {
    this.lock = lock;
    this.around = around;
    this.retired = retired;
    this.room = new WaiterQueue(lock, around, this::waitOver);
    this.nextTry = new NextTry(around, this::lookAgain);
  }

  LockName lock() {
    return lock;
  }

  /** The lock's state with those who wait for it here. */
  synchronized QueuedLockView view(LockState state) {
    return room.view(state);
  }

  /** A call wants the lock. False if this contest is over and another must be begun. */
  synchronized boolean arrive(AcquireCall call, DeferredActions after) {
    if (phase == Phase.RETIRED) {
      return false;
    }
    admit(call, after);
    settle(after);
    return true;
  }

  /** A claim is to be ended. False if this contest is over. */
  synchronized boolean release(PendingRelease pending, DeferredActions after) {
    if (phase == Phase.RETIRED) {
      return false;
    }
    Optional<Waiter> waiting = room.find(pending.order().claim());
    if (waiting.isPresent()) {
      Waiter waiter = waiting.orElseThrow();
      room.add(waiter, pending, after);
      if (!waiter.unanswered) {
        carryOutReleases(waiter, after);
      }
    } else if (mayHandOver(pending.order())) {
      handOver(pending, after);
    } else {
      releasePlainly(pending, after);
    }
    settle(after);
    return true;
  }

  /** The store says that our turn has come. False if this contest is over. */
  synchronized boolean wake(DeferredActions after) {
    if (phase == Phase.RETIRED) {
      return false;
    }
    lookAgain = true;
    inLine = true;
    settle(after);
    return true;
  }

  /** The lock may be free. */
  void lookAgain() {
    step(after -> lookAgain = true);
  }

  /** The periodic look at the store found this. */
  void looked(LockState state) {
    step(
        after -> {
          room.sawLine(state);
          if (phase != Phase.IDLE) {
            return;
          }
          succeeded();
          room.saw(state);
          holder
              .news(state)
              .flatMap(room::findByTag)
              .ifPresent(waiter -> probeIfHolding(waiter, after));
          boolean hasPlace = state.replicaQueue().contains(around.self());
          if (room.isEmpty()) {
            run = state.holder().isEmpty() || state.replicaQueue().isEmpty() ? 0 : run;
            // What a look does not show may have been written after it.
            inLine = inLine || hasPlace;
            lookAgain = lookAgain || state.takeableBy(around.self());
          } else if (state.takeableBy(around.self()) || !hasPlace) {
            lookAgain = true;
          } else {
            nextTry.in(state.freeIn());
          }
        });
  }

  /** The periodic look did not reach the store. */
  synchronized void lookFailed(Throwable why) {
    room.storeFailed(why);
  }

  /** The replica is going: everybody is sent away. */
  void drain() {
    step(room::drain);
  }

  // ---- what an event does, inside the monitor

  private void admit(AcquireCall call, DeferredActions after) {
    Optional<Waiter> same = room.find(call.order.claim().id());
    boolean idle = room.isEmpty() && phase == Phase.IDLE;
    boolean onItsWay = same.filter(waiter -> waiter.unanswered).isPresent();
    if (call.triesOnce() && !onItsWay && room.isWantedByOthers(same)) {
      after.add(() -> NoWaitResponder.give(call, around));
      return;
    }
    try {
      Waiter waiter = same.orElseGet(() -> room.seat(call));
      room.add(waiter, call, after);
      call.onLeave(() -> step(then -> room.dismiss(waiter, call)));
      if (idle) {
        ask(waiter, after);
      } else {
        room.keep(waiter, after);
        probeIfHolding(waiter, after);
        lookAgain = lookAgain || call.triesOnce();
      }
    } catch (OverLimitException e) {
      after.add(() -> call.fail(e));
    }
  }

  private void ask(Waiter head, DeferredActions after) {
    boolean waits = head.calls.stream().anyMatch(call -> !call.triesOnce());
    QueueIntent alone = waits ? QueueIntent.JOIN : QueueIntent.NONE;
    QueueIntent line = room.size() > 1 ? QueueIntent.STAY : alone;
    sending(head);
    after.send(
        () -> around.backend().tryAcquire(head.claim, line),
        attempt -> step(then -> asked(head, line, attempt, then)),
        error -> step(then -> failed(head, line, error, then)));
  }

  private void asked(Waiter head, QueueIntent line, Attempt attempt, DeferredActions after) {
    run = attempt instanceof Attempt.Granted ? 0 : run;
    attempted(head, line, attempt, after);
  }

  private boolean mayHandOver(ReleaseCommand order) {
    return phase == Phase.IDLE
        && !room.isDraining()
        && order.token().isPresent()
        && order.closeFor().isZero()
        && room.head().filter(head -> !head.unanswered && head.isWanted()).isPresent();
  }

  private void handOver(PendingRelease pending, DeferredActions after) {
    Waiter head = room.head().orElseThrow();
    QueueIntent kept = room.size() > 1 ? QueueIntent.STAY : QueueIntent.JOIN;
    QueueIntent line = run >= around.settings().maxRun() - 1 ? QueueIntent.YIELD : kept;
    ReleaseCommand order = pending.order();
    GrantRef from = new GrantRef(lock, order.claim(), order.token().orElseThrow());
    sending(head);
    after.send(
        () -> around.backend().handOver(from, head.claim, line),
        both -> {
          pending.answer().complete(both.ended());
          step(then -> handedOver(head, line, both.got(), then));
        },
        error ->
            step(
                then -> {
                  failed(head, line, error, then);
                  notHandedOver(pending, error, then);
                }));
  }

  /** A store without room for the next grant can still end this one. */
  private void notHandedOver(PendingRelease pending, Throwable error, DeferredActions after) {
    if (error instanceof StoreException failure && failure.isRefusal()) {
      releasePlainly(pending, after);
    } else {
      after.add(() -> pending.answer().completeExceptionally(error));
    }
  }

  private void handedOver(Waiter head, QueueIntent line, Attempt got, DeferredActions after) {
    run = line == QueueIntent.YIELD ? 0 : run + 1;
    attempted(head, line, got, after);
  }

  private void attempted(Waiter head, QueueIntent line, Attempt attempt, DeferredActions after) {
    answered(head);
    succeeded();
    if (attempt instanceof Attempt.Granted granted) {
      inLine = line == QueueIntent.STAY || line == QueueIntent.YIELD;
      granted(head, granted.grant(), after);
    } else if (attempt instanceof Attempt.Busy busy) {
      inLine = inLine || line != QueueIntent.NONE;
      room.saw(busy.state());
      carryOutReleases(head, after);
      room.keep(head, after);
      nextTry.in(busy.state().freeIn());
    }
    // Whoever came meanwhile needs a place in the line, which only an attempt gives.
    lookAgain = lookAgain || !inLine;
  }

  private void granted(Waiter waiter, Grant grant, DeferredActions after) {
    boolean joined = room.grant(waiter, grant, after);
    carryOutReleases(waiter, after);
    after.add(() -> around.granted().accept(lock));
    if (!room.isEmpty()) {
      holder.granted(waiter, grant.token());
      nextTry.in(grant.lease().whole());
    }
    if (joined) {
      probe(waiter, grant.ref(), after);
    }
  }

  private void failed(Waiter head, QueueIntent line, Throwable error, DeferredActions after) {
    answered(head);
    room.storeFailed(error);
    inLine = inLine || line != QueueIntent.NONE;
    carryOutReleases(head, after);
    room.keep(head, after);
    nextTry.afterFailure();
  }

  private void carryOutReleases(Waiter waiter, DeferredActions after) {
    if (!waiter.releases.isEmpty()) {
      room.withdraw(waiter, after);
      waiter.takeReleases().forEach(pending -> releasePlainly(pending, after));
    }
  }

  private void releasePlainly(PendingRelease pending, DeferredActions after) {
    after.send(
        () -> around.backend().release(pending.order()),
        ended -> {
          pending.answer().complete(ended);
          step(then -> run = ended instanceof Release.Released ? 0 : run);
          around.freed().accept(lock);
        },
        error -> {
          pending.answer().completeExceptionally(error);
          around.freed().accept(lock);
        });
  }

  private void waitOver(Waiter waiter) {
    step(after -> room.keep(waiter, after));
  }

  /**
   * Renews a grant that a waiter seems to hold, so that calls are answered from a command that was
   * sent after they came. Unlike an attempt, this cannot overtake anybody.
   */
  private void probe(Waiter waiter, GrantRef grant, DeferredActions after) {
    waiter.sending();
    after.send(
        () -> around.backend().renew(grant),
        renewal -> step(then -> probed(waiter, renewal, then)),
        error ->
            step(
                then -> {
                  room.storeFailed(error);
                  notHolding(waiter, then);
                }));
  }

  private void probeIfHolding(Waiter waiter, DeferredActions after) {
    if (!waiter.unanswered && waiter.isWanted()) {
      holder.grantOf(waiter, lock).ifPresent(grant -> probe(waiter, grant, after));
    }
  }

  private void probed(Waiter waiter, Renewal renewal, DeferredActions after) {
    if (renewal instanceof Renewal.Renewed renewed) {
      waiter.unanswered = false;
      lookAgain = true;
      granted(waiter, renewed.grant(), after);
    } else {
      notHolding(waiter, after);
    }
  }

  private void notHolding(Waiter waiter, DeferredActions after) {
    holder.forget();
    waiter.unanswered = false;
    lookAgain = true;
    carryOutReleases(waiter, after);
    room.keep(waiter, after);
  }

  // ---- what comes next

  /** Takes one event: changes under the monitor, then what they cause. */
  private void step(Consumer<DeferredActions> event) {
    DeferredActions after = new DeferredActions();
    synchronized (this) {
      event.accept(after);
      settle(after);
    }
    after.run();
  }

  private void settle(DeferredActions after) {
    if (phase != Phase.IDLE) {
      return;
    }
    Optional<Waiter> head = room.head();
    if (head.isPresent()) {
      head.filter(first -> lookAgain && !first.unanswered).ifPresent(first -> ask(first, after));
    } else if (inLine && !lookAgain && !room.mayComeAgainFor().isZero()) {
      // The place among the replicas is kept as well, until the turn comes.
      nextTry.in(room.mayComeAgainFor());
    } else if (inLine) {
      phase = Phase.LEAVING;
      inLine = false;
      nextTry.stop();
      after.send(
          () -> around.backend().leave(lock).thenApply(done -> true),
          done -> step(then -> left()),
          error -> step(then -> left()));
    } else if (run == 0) {
      phase = Phase.RETIRED;
      nextTry.stop();
      retired.accept(this);
    }
  }

  /** Unless our turn came meanwhile, we stand in line no more. */
  private void left() {
    phase = Phase.IDLE;
    lookAgain = true;
  }

  private void sending(Waiter head) {
    phase = Phase.ASKING;
    head.sending();
    lookAgain = false;
    nextTry.stop();
  }

  private void answered(Waiter head) {
    phase = Phase.IDLE;
    head.unanswered = false;
  }

  private void succeeded() {
    nextTry.succeeded();
    room.storeAnswered();
  }
}
