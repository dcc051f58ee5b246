package dev.fencepost.core;

import dev.fencepost.core.Waiter.PendingRelease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.spi.StoreException;

/** Sends the releases of one lock to the store. Guarded by its queue's monitor. */
final class ReleaseSender {
  private final LockName lock;
  private final QueueContext context;
  private final WaiterQueue waiters;
  private final Runnable onReleased;

  /** Creates a sender. It calls {@code onReleased} outside the monitor when a grant has ended. */
  ReleaseSender(LockName lock, QueueContext context, WaiterQueue waiters, Runnable onReleased) {
    this.lock = lock;
    this.context = context;
    this.waiters = waiters;
    this.onReleased = onReleased;
  }

  /**
   * Ends a waiting claim. A release by another principal leaves it alone. With a token it is sent
   * all the same: the grant of that token may be the caller's own.
   */
  void addTo(Waiter waiter, PendingRelease pending, DeferredActions after) {
    if (waiter.isOf(pending.order().principal(), pending.makers())) {
      waiters.add(waiter, pending, after);
      if (!waiter.commandInFlight) {
        sendAll(waiter, after);
      }
    } else if (pending.order().token().isPresent()) {
      send(pending, after);
    } else {
      after.add(() -> pending.answer().completeExceptionally(new OtherPrincipalException(lock)));
    }
  }

  /** Sends the releases that waited for a command of the claim, and withdraws the claim. */
  void sendAll(Waiter waiter, DeferredActions after) {
    if (!waiter.releases.isEmpty()) {
      waiters.withdraw(waiter, after);
      waiter.takeReleases().forEach(pending -> send(pending, after));
    }
  }

  /**
   * A hand-over was answered. If another principal made the grant, the release is sent alone: the
   * next claim waits for it as for any other.
   */
  void onHandedOver(PendingRelease pending, Release ended, DeferredActions after) {
    if (ended instanceof Release.ForeignRelease) {
      send(pending, after);
    } else {
      after.add(() -> pending.answer().complete(ended));
    }
  }

  /** A store that has no room for the next grant can still end this one. */
  void onHandOverFailed(PendingRelease pending, Throwable error, DeferredActions after) {
    if (error instanceof StoreException failure && failure.isRefusal()) {
      send(pending, after);
    } else {
      after.add(() -> pending.answer().completeExceptionally(error));
    }
  }

  /** Sends a release. */
  void send(PendingRelease pending, DeferredActions after) {
    after.send(
        () -> MakerSteps.release(context.backend(), pending.order(), pending.makers()),
        ended -> {
          pending.answer().complete(ended);
          if (ended instanceof Release.Released) {
            onReleased.run();
          }
          context.freed().accept(lock);
        },
        error -> {
          pending.answer().completeExceptionally(error);
          context.freed().accept(lock);
        });
  }
}
