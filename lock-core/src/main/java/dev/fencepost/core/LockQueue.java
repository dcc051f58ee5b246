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
      Waiter waiter = waiting.orElseThrow();
      waiters.add(waiter, pending, after);
      if (!waiter.commandInFlight) {
        sendReleases(waiter, after);
      }
    } else if (mayHandOver(pending.order())) {
      handOver(pending, after);
    } else {
      sendRelease(pending, after);
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
        && waiters.head().filter(head -> !head.commandInFlight && head.isWanted()).isPresent();
  }

  private void handOver(PendingRelease pending, DeferredActions after) {
    Waiter head = waiters.head().orElseThrow();
    QueueIntent intent = waiters.handOverIntent(handOvers);
    ReleaseCommand order = pending.order();
    GrantRef from = new GrantRef(lock, order.claim(), order.token().orElseThrow());
    markSending(head);
    after.send(
        () -> context.backend().handOver(from, head.claim, intent),
        both -> {
          pending.answer().complete(both.ended());
          handle(then -> onHandedOver(head, intent, both.got(), then));
        },
        error -> handle(then -> onHandOverFailed(pending, head, intent, error, then)));
  }

  /** A store that has no room for the next grant can still end this one. */
  private void onHandOverFailed(
      PendingRelease pending,
      Waiter head,
      QueueIntent intent,
      Throwable error,
      DeferredActions after) {
    onFailed(head, intent, error, after);
    if (error instanceof StoreException failure && failure.isRefusal()) {
      sendRelease(pending, after);
    } else {
      after.add(() -> pending.answer().completeExceptionally(error));
    }
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
      sendReleases(head, after);
      waiters.review(head, after);
      nextTry.in(busy.state().freeIn());
    }
    // Waiters that arrived meanwhile need a place in the replica queue, which only an attempt
    // creates.
    retryNeeded = retryNeeded || !queued;
  }

  private void applyGrant(Waiter waiter, Grant grant, DeferredActions after) {
    boolean joined = waiters.grant(waiter, grant, after);
    sendReleases(waiter, after);
    after.add(() -> context.granted().accept(lock));
    if (!waiters.isEmpty()) {
      lastHolder.granted(waiter, grant.token());
      nextTry.in(grant.lease().whole());
    }
    if (joined) {
      verifyGrant(waiter, grant.ref(), after);
    }
  }

  private void onFailed(Waiter head, QueueIntent intent, Throwable error, DeferredActions after) {
    markAnswered(head);
    waiters.recordStoreFailure(error);
    queued = queued || intent != QueueIntent.NONE;
    sendReleases(head, after);
    waiters.review(head, after);
    nextTry.afterFailure();
  }

  private void sendReleases(Waiter waiter, DeferredActions after) {
    if (!waiter.releases.isEmpty()) {
      waiters.withdraw(waiter, after);
      waiter.takeReleases().forEach(pending -> sendRelease(pending, after));
    }
  }

  private void sendRelease(PendingRelease pending, DeferredActions after) {
    after.send(
        () -> context.backend().release(pending.order()),
        ended -> {
          pending.answer().complete(ended);
          handle(then -> handOvers = ended instanceof Release.Released ? 0 : handOvers);
          context.freed().accept(lock);
        },
        error -> {
          pending.answer().completeExceptionally(error);
          context.freed().accept(lock);
        });
  }

  private void onWaitOver(Waiter waiter) {
    handle(after -> waiters.review(waiter, after));
  }

  /**
   * Renews a grant that a waiter seems to hold, so that its calls are answered by a command sent
   * after they arrived. Unlike an attempt, a renewal cannot overtake other waiters.
   */
  private void verifyGrant(Waiter waiter, GrantRef grant, DeferredActions after) {
    waiter.markSending();
    after.send(
        () -> context.backend().renew(grant),
        renewal -> handle(then -> onVerified(waiter, renewal, then)),
        error -> handle(then -> onVerifyFailed(waiter, error, then)));
  }

  private void onVerifyFailed(Waiter waiter, Throwable error, DeferredActions after) {
    waiters.recordStoreFailure(error);
    onNotHolder(waiter, after);
  }

  private void verifyIfHolder(Waiter waiter, DeferredActions after) {
    if (!waiter.commandInFlight && waiter.isWanted()) {
      lastHolder.grantOf(waiter, lock).ifPresent(grant -> verifyGrant(waiter, grant, after));
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
    sendReleases(waiter, after);
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
