package dev.fencepost.core;

import dev.fencepost.core.Waiter.PendingRelease;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.OtherPrincipal;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.QueueIntent;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * State machine for one contended lock on this replica.
 *
 * <p>Events arrive on any thread and are handled one at a time under this object's monitor. Their
 * effects run after the monitor is left. At most one command that could change the holder is in
 * flight at a time. Every event ends in {@link #decideNext}.
 */
final class LockQueue {
  private enum Phase {
    /** No command of this queue is in flight. */
    IDLE,
    /** An attempt or a hand-over for the head is in flight. */
    ATTEMPTING,
    /** The command that leaves the replica queue is in flight. */
    LEAVING,
    /** No waiters are left; the next caller gets a new queue. */
    RETIRED
  }

  private final LockName lock;
  private final QueueContext context;
  private final Consumer<LockQueue> retired;
  private final WaiterQueue waiters;
  private final LastHolder lastHolder = new LastHolder();
  private final NextTry nextTry;
  private final ReleaseSender releases;

  private Phase phase = Phase.IDLE;

  /** True while this replica is in the replica queue, as far as known. */
  private boolean queued;

  private boolean retryNeeded;

  /** Hand-overs in a row within this replica. */
  private int handOvers;

  LockQueue(LockName lock, QueueContext context, Consumer<LockQueue> retired) {
    this.lock = lock;
    this.context = context;
    this.retired = retired;
    this.waiters = new WaiterQueue(lock, context, this::onWaitOver);
    this.nextTry = new NextTry(context, this::onMaybeFreed);
    this.releases = new ReleaseSender(lock, context, waiters, this::onReleased);
  }

  LockName lock() {
    return lock;
  }

  /** Returns the lock's state with the waiters queued here. */
  synchronized QueuedLockView view(LockState state) {
    return waiters.view(state);
  }

  /** An acquire call arrived. Returns false if this queue is retired and a new one is needed. */
  synchronized boolean onArrival(AcquireCall call, DeferredActions after) {
    if (phase == Phase.RETIRED) {
      return false;
    }
    admit(call, after);
    decideNext(after);
    return true;
  }

  /** A release arrived. Returns false if this queue is retired. */
  synchronized boolean release(PendingRelease pending, DeferredActions after) {
    if (phase == Phase.RETIRED) {
      return false;
    }
    Optional<Waiter> waiting = waiters.find(pending.order().claim());
    if (waiting.isPresent()) {
      releases.addTo(waiting.orElseThrow(), pending, after);
    } else if (mayHandOver(pending.order())) {
      handOver(pending, after);
    } else {
      releases.send(pending, after);
    }
    decideNext(after);
    return true;
  }

  /** The store notified that it is this replica's turn. Returns false if this queue is retired. */
  synchronized boolean onTurn(DeferredActions after) {
    if (phase == Phase.RETIRED) {
      return false;
    }
    retryNeeded = true;
    queued = true;
    decideNext(after);
    return true;
  }

  /** The lock may have become free. */
  void onMaybeFreed() {
    handle(after -> retryNeeded = true);
  }

  /** The poll returned this state. */
  void onPolled(LockState state) {
    handle(
        after -> {
          waiters.recordReplicaQueue(state);
          if (phase != Phase.IDLE) {
            return;
          }
          recordStoreSuccess();
          waiters.recordState(state);
          lastHolder
              .news(state)
              .flatMap(waiters::findByTag)
              .ifPresent(waiter -> verifyIfHolder(waiter, after));
          boolean hasPlace = state.replicaQueue().contains(context.self());
          if (waiters.isEmpty()) {
            handOvers = state.holder().isEmpty() || state.replicaQueue().isEmpty() ? 0 : handOvers;
            // The place in the replica queue may have been written after this read.
            queued = queued || hasPlace;
            retryNeeded = retryNeeded || state.takeableBy(context.self());
          } else if (state.takeableBy(context.self()) || !hasPlace) {
            retryNeeded = true;
          } else {
            nextTry.in(state.freeIn());
          }
        });
  }

  /** The poll did not reach the store. */
  synchronized void onPollFailed(Throwable why) {
    waiters.recordStoreFailure(why);
  }

  /** The replica drains: all waiters are sent away. */
  void drain() {
    handle(waiters::drain);
  }

  private void admit(AcquireCall call, DeferredActions after) {
    Optional<Waiter> same = waiters.find(call.order.claim().id());
    if (same.filter(waiter -> !waiter.mayBeJoinedBy(call)).isPresent()) {
      after.add(() -> call.fail(new OtherPrincipalException(lock)));
      return;
    }
    boolean idle = waiters.isEmpty() && phase == Phase.IDLE;
    boolean onItsWay = same.filter(waiter -> waiter.commandInFlight).isPresent();
    if (call.triesOnce() && !onItsWay && waiters.isWantedByOthers(same)) {
      after.add(() -> NoWaitResponder.give(call, context));
      return;
    }
    try {
      Waiter waiter = same.orElseGet(() -> waiters.enqueue(call));
      waiters.add(waiter, call, after);
      call.onLeave(() -> handle(then -> waiters.removeCall(waiter, call)));
      if (idle) {
        sendAttempt(waiter, after);
      } else {
        waiters.review(waiter, after);
        verifyIfHolder(waiter, after);
        retryNeeded = retryNeeded || call.triesOnce();
      }
    } catch (OverLimitException e) {
      after.add(() -> call.fail(e));
    }
  }

  private void sendAttempt(Waiter head, DeferredActions after) {
    QueueIntent intent = waiters.attemptIntent(head);
    markSending(head);
    after.send(
        () -> context.backend().tryAcquire(head.claim, intent),
        attempt -> handle(then -> onAttempted(head, intent, attempt, then)),
        error -> handle(then -> onFailed(head, intent, error, then)));
  }

  private void onAttempted(Waiter head, QueueIntent intent, Attempt got, DeferredActions after) {
    handOvers = got instanceof Attempt.Granted ? 0 : handOvers;
    applyAttempt(head, intent, got, after);
  }

  private boolean mayHandOver(ReleaseCommand order) {
    return phase == Phase.IDLE
        && !waiters.isDraining()
        && order.token().isPresent()
        && order.closeFor().isZero()
        && waiters.successorOf(order).isPresent();
  }

  private void handOver(PendingRelease pending, DeferredActions after) {
    Waiter head = waiters.head().orElseThrow();
    QueueIntent intent = waiters.handOverIntent(handOvers);
    GrantRef from = pending.grant();
    markSending(head);
    after.send(
        () -> context.backend().handOver(from, head.claim, intent),
        both ->
            handle(
                then -> {
                  releases.onHandedOver(pending, both.ended(), then);
                  onHandedOver(head, intent, both.got(), then);
                }),
        error ->
            handle(
                then -> {
                  onFailed(head, intent, error, then);
                  releases.onHandOverFailed(pending, error, then);
                }));
  }

  private void onHandedOver(Waiter head, QueueIntent intent, Attempt got, DeferredActions after) {
    handOvers = intent == QueueIntent.YIELD ? 0 : handOvers + 1;
    applyAttempt(head, intent, got, after);
  }

  private void applyAttempt(Waiter head, QueueIntent intent, Attempt got, DeferredActions after) {
    markAnswered(head);
    recordStoreSuccess();
    if (got instanceof Attempt.Granted granted) {
      queued = intent == QueueIntent.STAY || intent == QueueIntent.YIELD;
      applyGrant(head, granted.grant(), after);
    } else if (got instanceof Attempt.Busy busy) {
      queued = queued || intent != QueueIntent.NONE;
      waiters.recordState(busy.state());
      releases.sendAll(head, after);
      waiters.review(head, after);
      nextTry.in(busy.state().freeIn());
    } else if (got instanceof Attempt.ForeignClaim foreign) {
      releases.sendAll(head, after);
      onForeignClaim(head, foreign.maker(), after);
    }
    // Waiters that arrived meanwhile need a place in the replica queue, which only an attempt
    // creates.
    retryNeeded = retryNeeded || !queued;
  }

  /** The claim holds the lock, and another principal made it. */
  private void onForeignClaim(Waiter waiter, OtherPrincipal maker, DeferredActions after) {
    retryNeeded = true;
    if (waiter.makers().mayActFor(maker.recorded())) {
      GrantRef grant = new GrantRef(lock, waiter.claim.id(), maker.token(), maker.recorded());
      verifyGrant(waiter, grant, MakerSteps.MAX_REPEATS - 1, after);
    } else {
      waiters.refuse(waiter, new OtherPrincipalException(lock), after);
    }
  }

  private void applyGrant(Waiter waiter, Grant grant, DeferredActions after) {
    boolean joined = waiters.grant(waiter, grant, after);
    releases.sendAll(waiter, after);
    after.add(() -> context.granted().accept(lock));
    if (!waiters.isEmpty()) {
      lastHolder.granted(waiter, grant.token());
      nextTry.in(grant.lease().whole());
    }
    if (joined) {
      verifyGrant(waiter, grant.ref(), MakerSteps.MAX_REPEATS, after);
    }
  }

  private void onFailed(Waiter head, QueueIntent intent, Throwable error, DeferredActions after) {
    markAnswered(head);
    waiters.recordStoreFailure(error);
    queued = queued || intent != QueueIntent.NONE;
    releases.sendAll(head, after);
    waiters.review(head, after);
    nextTry.afterFailure();
  }

  private void onReleased() {
    handle(after -> handOvers = 0);
  }

  private void onWaitOver(Waiter waiter) {
    handle(after -> waiters.review(waiter, after));
  }

  /**
   * Renews a grant that a waiter seems to hold, so that its calls are answered by a command sent
   * after they arrived. Unlike an attempt, a renewal cannot overtake other waiters.
   */
  private void verifyGrant(Waiter waiter, GrantRef grant, int repeats, DeferredActions after) {
    waiter.markSending();
    MakerCheck makers = waiter.makers();
    after.send(
        () -> MakerSteps.renew(context.backend(), grant, makers, repeats),
        renewal -> handle(then -> onVerified(waiter, renewal, then)),
        error -> handle(then -> onVerifyFailed(waiter, error, then)));
  }

  private void onVerifyFailed(Waiter waiter, Throwable error, DeferredActions after) {
    if (!(error instanceof OtherPrincipalException)) {
      waiters.recordStoreFailure(error);
    }
    onNotHolder(waiter, after);
    if (error instanceof OtherPrincipalException) {
      waiters.refuse(waiter, error, after);
    }
  }

  private void verifyIfHolder(Waiter waiter, DeferredActions after) {
    if (!waiter.commandInFlight && waiter.isWanted()) {
      lastHolder
          .grantOf(waiter, lock)
          .ifPresent(grant -> verifyGrant(waiter, grant, MakerSteps.MAX_REPEATS, after));
    }
  }

  private void onVerified(Waiter waiter, Renewal renewal, DeferredActions after) {
    if (renewal instanceof Renewal.Renewed renewed) {
      waiter.commandInFlight = false;
      retryNeeded = true;
      applyGrant(waiter, renewed.grant(), after);
    } else {
      onNotHolder(waiter, after);
    }
  }

  private void onNotHolder(Waiter waiter, DeferredActions after) {
    lastHolder.forget();
    waiter.commandInFlight = false;
    retryNeeded = true;
    releases.sendAll(waiter, after);
    waiters.review(waiter, after);
  }

  /** Handles one event: changes state under the monitor, then runs the effects. */
  private void handle(Consumer<DeferredActions> event) {
    DeferredActions after = new DeferredActions();
    synchronized (this) {
      event.accept(after);
      decideNext(after);
    }
    after.run();
  }

  private void decideNext(DeferredActions after) {
    if (phase != Phase.IDLE) {
      return;
    }
    Optional<Waiter> head = waiters.head();
    if (head.isPresent()) {
      head.filter(first -> retryNeeded && !first.commandInFlight)
          .ifPresent(first -> sendAttempt(first, after));
    } else if (queued && !retryNeeded && !waiters.keepsPlaceFor().isZero()) {
      // Keep the place in the replica queue as well, until the turn comes.
      nextTry.in(waiters.keepsPlaceFor());
    } else if (queued) {
      phase = Phase.LEAVING;
      queued = false;
      nextTry.stop();
      after.send(
          () -> context.backend().leave(lock).thenApply(done -> true),
          done -> handle(then -> onLeft()),
          error -> handle(then -> onLeft()));
    } else if (handOvers == 0) {
      phase = Phase.RETIRED;
      nextTry.stop();
      retired.accept(this);
    }
  }

  /** The place in the replica queue is gone, unless the turn came meanwhile. */
  private void onLeft() {
    phase = Phase.IDLE;
    retryNeeded = true;
  }

  private void markSending(Waiter head) {
    phase = Phase.ATTEMPTING;
    head.markSending();
    retryNeeded = false;
    nextTry.stop();
  }

  private void markAnswered(Waiter head) {
    phase = Phase.IDLE;
    head.commandInFlight = false;
  }

  private void recordStoreSuccess() {
    nextTry.succeeded();
    waiters.recordStoreAnswer();
  }
}
