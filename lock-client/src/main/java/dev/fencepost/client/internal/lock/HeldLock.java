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
 * One grant, from when it was made to its end: it renews itself and knows until when it may be
 * used. It knows its handle weakly, so that a handle that nobody has any more is found out.
 *
 * <p>What was once past its deadline is lost, whatever a late answer says. Thread-safe; its own
 * lock is never held while anybody else is called.
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
  private final GrantRenewer renewals;
  private volatile Phase phase = Phase.HELD;
  private volatile LeaseWindow window;
  private volatile boolean isOverdueTold;
  private volatile long closedUntilNanos;
  private @Nullable GrantLoss loss;

  /** Lost by our own count: the store may count longer. */
  private boolean mayStandYet;

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
    this.renewals = new GrantRenewer(context, template.hash(), ref, new RenewalListener());
    this.grantedNanos = context.clock.nanos();
    this.renewUntilNanos =
        template
            .options()
            .maxHold()
            .map(most -> ClientClock.after(grantedNanos, most.toNanos()))
            .orElse(ClientClock.NEVER);
  }

  /** Begins to keep a grant. */
  static LockHandleImpl begin(
      ClientContext context, AcquireTemplate template, GrantRef ref, LeaseWindow window) {
    LockHandleImpl handle = new LockHandleImpl(context.callbacks);
    HeldLock heldLock = new HeldLock(context, template, ref, window, handle);
    handle.holds(heldLock);
    context.heldLocks.add(heldLock);
    return handle;
  }

  GrantRef ref() {
    return ref;
  }

  /** Computed from the clock. */
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

  /** How long the lock may be used yet; zero if it is not held. */
  Duration remaining() {
    long left = window.validUntilNanos() - context.clock.nanos();
    return phase == Phase.HELD && left > 0 ? Duration.ofNanos(left) : Duration.ZERO;
  }

  /** Why it was lost, or why it must not be used any more. */
  synchronized GrantLoss loss() {
    return loss == null
        ? new GrantLoss(LossReason.RELEASED, "given back by its holder", Optional.empty())
        : loss;
  }

  /** Stops renewing; the grant stands. */
  boolean detach() {
    state();
    return move(Phase.DETACHED);
  }

  /** As {@link #release}, and keeps the lock closed for this long from now at least. */
  CompletableFuture<Release> release(LockHandleImpl holder, Duration closeFor) {
    closedUntilNanos = ClientClock.after(context.clock.nanos(), closeFor.toNanos());
    return release(holder);
  }

  /** Renews now; completes with what is left of the lease then. */
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
              renewed(next);
              return remaining();
            });
  }

  /** Gives the grant back; the future completes with the answer. */
  CompletableFuture<Release> release(@Nullable LockHandleImpl holder) {
    state();
    if (move(Phase.RELEASED)) {
      return ReleaseOperation.ofHeld(context, template, this, holder);
    }
    boolean isAbandoned;
    synchronized (this) {
      isAbandoned = mayStandYet;
      mayStandYet = false;
    }
    if (isAbandoned) {
      // The holder has stopped, and nobody needs to wait for what is left of the lease.
      ReleaseOperation.ofLost(context, template, this);
    }
    return CompletableFuture.completedFuture(new Release.NotHeld(loss().reason()));
  }

  /** The client is closing. */
  void abandon() {
    CompletableFuture<Release> unused = release(handle.get());
  }

  /** How long the lock is to stay closed if it is released now. */
  long closeForNanos(long nowNanos) {
    long minHold = template.options().minHold().toNanos() - (nowNanos - grantedNanos);
    return Math.max(0, Math.max(minHold, closedUntilNanos - nowNanos));
  }

  long ttlNanos() {
    return window.ttlNanos();
  }

  /** Told by a server: by a renewal, a notice, or the answer to a release. */
  void lost(GrantLoss why) {
    lose(why, phase == Phase.RELEASED ? Phase.RELEASED : Phase.HELD);
  }

  /** There may be a way now for a renewal that found none before. */
  void nudge() {
    renewals.nudge();
  }

  @Override
  public long dueNanos() {
    if (phase != Phase.HELD) {
      return ClientClock.NEVER;
    }
    LeaseWindow now = window;
    long due = Math.min(now.validUntilNanos(), renewDueNanos());
    return isOverdueTold ? due : Math.min(due, now.overdueAtNanos());
  }

  @Override
  public void run(long nowNanos) {
    if (state() == LockHandle.State.LOST) {
      return;
    }
    LockHandleImpl holder = handle.get();
    if (holder == null) {
      leaked();
      return;
    }
    if (nowNanos >= window.overdueAtNanos() && !isOverdueTold) {
      isOverdueTold = true;
      holder.tellJeopardy(new Jeopardy(remaining(), callFailure()));
    }
    if (nowNanos >= renewDueNanos()) {
      renewals.send(window, nowNanos);
    }
  }

  private long renewDueNanos() {
    long due = renewals.dueNanos(window);
    return due >= renewUntilNanos ? ClientClock.NEVER : due;
  }

  /** What the renewals do to the grant. */
  private final class RenewalListener implements GrantRenewer.Listener {
    @Override
    public boolean isWanted() {
      return phase == Phase.HELD;
    }

    @Override
    public void renewed(LeaseWindow next) {
      HeldLock.this.renewed(next);
    }

    @Override
    public void lost(GrantLoss why) {
      lose(why, Phase.HELD);
    }

    @Override
    public void sooner() {
      context.heldLocks.touch(HeldLock.this);
    }
  }

  private void renewed(LeaseWindow next) {
    // One that came too late for the lease before must not bring it back.
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
      isOverdueTold = false;
    }
    context.heldLocks.touch(this);
    LockHandleImpl holder = handle.get();
    if (holder != null) {
      holder.tellRenewed();
    }
  }

  private void expire() {
    GrantLoss why = new GrantLoss(LossReason.EXPIRED, callFailure(), Optional.empty());
    synchronized (this) {
      // A renewal may have been answered meanwhile.
      if (phase != Phase.HELD || context.clock.nanos() < window.validUntilNanos()) {
        return;
      }
      loss = why;
      phase = Phase.LOST;
      mayStandYet = true;
    }
    tellLost(why);
  }

  private void lose(GrantLoss why, Phase from) {
    synchronized (this) {
      if (phase != from) {
        return;
      }
      loss = why;
      phase = Phase.LOST;
    }
    tellLost(why);
  }

  private void tellLost(GrantLoss why) {
    context.heldLocks.remove(this);
    context.metrics.lockLost(why.reason());
    LOG.warn("{} is lost: {} {}", ref.lock(), why.reason(), why.detail());
    LockHandleImpl holder = handle.get();
    if (holder != null) {
      holder.tellLost(why);
    }
  }

  private boolean move(Phase to) {
    synchronized (this) {
      if (phase != Phase.HELD) {
        return false;
      }
      phase = to;
    }
    context.heldLocks.remove(this);
    return true;
  }

  private void leaked() {
    if (move(Phase.LEAKED)) {
      context.metrics.handleLeaked();
      LOG.warn(
          "the handle of {} was never closed and nobody has it any more: it is not renewed,"
              + " and the lock is taken until its lease ends",
          ref.lock());
    }
  }

  private String callFailure() {
    if (renewUntilNanos <= context.clock.nanos()) {
      return "the longest hold is over";
    }
    String last = renewals.lastFailure();
    return last.isEmpty() ? "no renewal was answered in time" : last;
  }
}
