package dev.fencepost.client.internal.lock;

import dev.fencepost.client.Jeopardy;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One grant, from its beginning to its end. It renews itself and knows until when it may be used.
 * It references its handle weakly, so that a forgotten handle is noticed.
 *
 * <p>A grant that was once past its deadline is lost, whatever a late answer says. Thread-safe; its
 * own lock is never held during a call to another object.
 */
final class HeldLock implements TimedItem {
  private static final Logger LOG = LoggerFactory.getLogger(HeldLock.class);

  private enum Phase {
    HELD,
    LOST,
    RELEASED,
    DETACHED,
    LEAKED
  }

  private final ClientContext context;
  private final AcquireTemplate template;
  private final GrantRef ref;
  private final long grantedNanos;
  private final long renewUntilNanos;
  private final WeakReference<LockHandleImpl> handle;
  private final GrantRenewer renewer;
  private volatile Phase phase = Phase.HELD;
  private volatile LeaseWindow window;
  private volatile boolean isJeopardyNotified;
  private volatile long closedUntilNanos;
  private @Nullable GrantLoss loss;

  /** Lost by the client's clock only: the grant may still exist at the store. */
  private boolean mayStillBeGranted;

  private HeldLock(
      ClientContext context,
      AcquireTemplate template,
      GrantRef ref,
      LeaseWindow window,
      LockHandleImpl handle) {
    this.context = context;
    this.template = template;
    this.ref = ref;
    this.window = window;
    this.handle = new WeakReference<>(handle);
    this.renewer = new GrantRenewer(context, template.hash(), ref, new RenewalListener());
    this.grantedNanos = context.clock.nanos();
    this.renewUntilNanos =
        template
            .options()
            .maxHold()
            .map(most -> ClientClock.after(grantedNanos, most.toNanos()))
            .orElse(ClientClock.NEVER);
  }

  /** Begins to keep a grant. */
  static LockHandleImpl start(
      ClientContext context, AcquireTemplate template, GrantRef ref, LeaseWindow window) {
    LockHandleImpl handle = new LockHandleImpl(context.callbacks);
    HeldLock heldLock = new HeldLock(context, template, ref, window, handle);
    handle.attach(heldLock);
    context.heldLocks.add(heldLock);
    return handle;
  }

  GrantRef ref() {
    return ref;
  }

  /** Computes the state from the clock. */
  LockHandle.State state() {
    if (phase == Phase.HELD) {
      LeaseWindow now = window;
      long nanos = context.clock.nanos();
      if (nanos < now.validUntilNanos()) {
        return nanos < now.overdueAtNanos() ? LockHandle.State.HELD : LockHandle.State.JEOPARDY;
      }
      expire();
      return state();
    }
    return phase == Phase.RELEASED || phase == Phase.DETACHED
        ? LockHandle.State.RELEASED
        : LockHandle.State.LOST;
  }

  /** The time for which the lock may still be used; zero if it is not held. */
  Duration remaining() {
    long left = window.validUntilNanos() - context.clock.nanos();
    return phase == Phase.HELD && left > 0 ? Duration.ofNanos(left) : Duration.ZERO;
  }

  /** Why it was lost, or why it must not be used any more. */
  synchronized GrantLoss loss() {
    return loss == null
        ? new GrantLoss(LossReason.RELEASED, "released by its holder", Optional.empty())
        : loss;
  }

  /** Stops renewing without releasing the grant. */
  boolean detach() {
    state();
    return moveTo(Phase.DETACHED);
  }

  /** As {@link #release}, and keeps the lock closed for at least this long from now. */
  CompletableFuture<Release> release(LockHandleImpl holder, Duration closeFor) {
    closedUntilNanos = ClientClock.after(context.clock.nanos(), closeFor.toNanos());
    return release(holder);
  }

  /** Renews now. The future completes with the remaining lease. */
  CompletableFuture<Duration> renewNow() {
    if (state() == LockHandle.State.LOST || phase != Phase.HELD) {
      return CompletableFuture.failedFuture(new LockLostException(ref.lock(), loss()));
    }
    return RenewOperation.send(context, template, ref)
        .handle(
            (next, failure) -> {
              if (failure instanceof LockLostException lost) {
                lose(lost.loss(), Phase.HELD);
              }
              if (failure instanceof RuntimeException e) {
                throw e;
              }
              onRenewed(next);
              return remaining();
            });
  }

  /** Releases the grant. The future completes with the answer. */
  CompletableFuture<Release> release(@Nullable LockHandleImpl holder) {
    state();
    if (moveTo(Phase.RELEASED)) {
      return ReleaseOperation.releaseHeld(context, template, this, holder);
    }
    boolean isAbandoned;
    synchronized (this) {
      isAbandoned = mayStillBeGranted;
      mayStillBeGranted = false;
    }
    if (isAbandoned) {
      // The holder has stopped, so nobody needs to wait for the rest of the lease.
      ReleaseOperation.releaseLost(context, template, this);
    }
    return CompletableFuture.completedFuture(new Release.NotHeld(loss().reason()));
  }

  /** Releases the grant because the client closes. */
  void abandon() {
    CompletableFuture<Release> unused = release(handle.get());
  }

  /** The time for which the lock must stay closed if it is released now. */
  long closeForNanos(long nowNanos) {
    long minHold = template.options().minHold().toNanos() - (nowNanos - grantedNanos);
    return Math.max(0, Math.max(minHold, closedUntilNanos - nowNanos));
  }

  long ttlNanos() {
    return window.ttlNanos();
  }

  /** Called when a server reports the loss: by a renewal, a notice, or the answer to a release. */
  void onLost(GrantLoss why) {
    lose(why, phase == Phase.RELEASED ? Phase.RELEASED : Phase.HELD);
  }

  /** Retries a renewal that found no session, because one may be usable now. */
  void retryRenewalSoon() {
    renewer.retrySoon();
  }

  @Override
  public long dueNanos() {
    if (phase != Phase.HELD) {
      return ClientClock.NEVER;
    }
    LeaseWindow now = window;
    long due = Math.min(now.validUntilNanos(), renewDueNanos());
    return isJeopardyNotified ? due : Math.min(due, now.overdueAtNanos());
  }

  @Override
  public void run(long nowNanos) {
    if (state() == LockHandle.State.LOST) {
      return;
    }
    LockHandleImpl holder = handle.get();
    if (holder == null) {
      onLeaked();
      return;
    }
    if (nowNanos >= window.overdueAtNanos() && !isJeopardyNotified) {
      isJeopardyNotified = true;
      holder.notifyJeopardy(new Jeopardy(remaining(), lossDetail()));
    }
    if (nowNanos >= renewDueNanos()) {
      renewer.send(window, nowNanos);
    }
  }

  private long renewDueNanos() {
    long due = renewer.dueNanos(window);
    return due >= renewUntilNanos ? ClientClock.NEVER : due;
  }

  /** Receives the results of renewals. */
  private final class RenewalListener implements GrantRenewer.Listener {
    @Override
    public boolean isRenewalWanted() {
      return phase == Phase.HELD;
    }

    @Override
    public void onRenewed(LeaseWindow next) {
      HeldLock.this.onRenewed(next);
    }

    @Override
    public void onLost(GrantLoss why) {
      lose(why, Phase.HELD);
    }

    @Override
    public void onDueEarlier() {
      context.heldLocks.reschedule(HeldLock.this);
    }
  }

  private void onRenewed(LeaseWindow next) {
    // A renewal that came too late for the previous lease must not revive it.
    if (state() == LockHandle.State.LOST) {
      return;
    }
    synchronized (this) {
      if (phase != Phase.HELD
          || context.clock.nanos() >= window.validUntilNanos()
          || next.validUntilNanos() <= window.validUntilNanos()) {
        return;
      }
      window = next;
      isJeopardyNotified = false;
    }
    context.heldLocks.reschedule(this);
    LockHandleImpl holder = handle.get();
    if (holder != null) {
      holder.notifyRenewed();
    }
  }

  private void expire() {
    GrantLoss why = new GrantLoss(LossReason.EXPIRED, lossDetail(), Optional.empty());
    synchronized (this) {
      // A renewal may have been answered meanwhile.
      if (phase != Phase.HELD || context.clock.nanos() < window.validUntilNanos()) {
        return;
      }
      loss = why;
      phase = Phase.LOST;
      mayStillBeGranted = true;
    }
    notifyLost(why);
  }

  private void lose(GrantLoss why, Phase from) {
    synchronized (this) {
      if (phase != from) {
        return;
      }
      loss = why;
      phase = Phase.LOST;
    }
    notifyLost(why);
  }

  private void notifyLost(GrantLoss why) {
    context.heldLocks.remove(this);
    context.metrics.lockLost(why.reason());
    LOG.warn("{} is lost: {} {}", ref.lock(), why.reason(), why.detail());
    LockHandleImpl holder = handle.get();
    if (holder != null) {
      holder.notifyLost(why);
    }
  }

  private boolean moveTo(Phase to) {
    synchronized (this) {
      if (phase != Phase.HELD) {
        return false;
      }
      phase = to;
    }
    context.heldLocks.remove(this);
    return true;
  }

  private void onLeaked() {
    if (moveTo(Phase.LEAKED)) {
      context.metrics.handleLeaked();
      LOG.warn(
          "the handle of {} was never closed and is no longer reachable: it is not renewed,"
              + " and the lock stays taken until its lease ends",
          ref.lock());
    }
  }

  private String lossDetail() {
    if (renewUntilNanos <= context.clock.nanos()) {
      return "the longest hold is over";
    }
    String last = renewer.lastFailure();
    return last.isEmpty() ? "no renewal was answered in time" : last;
  }
}
