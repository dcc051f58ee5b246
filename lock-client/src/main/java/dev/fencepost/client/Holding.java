package dev.fencepost.client;

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
final class Holding implements Due {
  private static final Logger LOG = LoggerFactory.getLogger(Holding.class);

  private enum Phase {
    HELD,
    LOST,
    RELEASED,
    DETACHED,
    LEAKED
  }

  private final ClientParts parts;
  private final LockPlan plan;
  private final GrantRef ref;
  private final long grantedNanos;
  private final long renewUntilNanos;
  private final WeakReference<Handle> handle;
  private final Renewals renewals;
  private volatile Phase phase = Phase.HELD;
  private volatile LeaseSpan span;
  private volatile boolean isOverdueTold;
  private volatile long closedUntilNanos;
  private @Nullable GrantLoss loss;

  /** Lost by our own count: the store may count longer. */
  private boolean mayStandYet;

  private Holding(ClientParts parts, LockPlan plan, GrantRef ref, LeaseSpan span, Handle handle) {
    this.parts = parts;
    this.plan = plan;
    this.ref = ref;
    this.span = span;
    this.handle = new WeakReference<>(handle);
    this.renewals = new Renewals(parts, plan.hash(), ref, new Kept());
    this.grantedNanos = parts.clock.nanos();
    this.renewUntilNanos =
        plan.terms()
            .maxHold()
            .map(most -> ClientClock.after(grantedNanos, most.toNanos()))
            .orElse(ClientClock.NEVER);
  }

  /** Begins to keep a grant. */
  static Handle begin(ClientParts parts, LockPlan plan, GrantRef ref, LeaseSpan span) {
    Handle handle = new Handle(parts.callbacks);
    Holding holding = new Holding(parts, plan, ref, span, handle);
    handle.holds(holding);
    parts.holdings.add(holding);
    return handle;
  }

  GrantRef ref() {
    return ref;
  }

  /** Computed from the clock. */
  LockHandle.State state() {
    if (phase == Phase.HELD) {
      LeaseSpan now = span;
      long nanos = parts.clock.nanos();
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
    long left = span.validUntilNanos() - parts.clock.nanos();
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
  CompletableFuture<Release> release(Handle holder, Duration closeFor) {
    closedUntilNanos = ClientClock.after(parts.clock.nanos(), closeFor.toNanos());
    return release(holder);
  }

  /** Renews now; completes with what is left of the lease then. */
  CompletableFuture<Duration> renewNow() {
    if (state() == LockHandle.State.LOST || phase != Phase.HELD) {
      return CompletableFuture.failedFuture(new LockLostException(ref.lock(), loss()));
    }
    return PromptRenewal.send(parts, plan, ref)
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
  CompletableFuture<Release> release(@Nullable Handle holder) {
    state();
    if (move(Phase.RELEASED)) {
      return ReleaseInFlight.ofHeld(parts, plan, this, holder);
    }
    boolean isAbandoned;
    synchronized (this) {
      isAbandoned = mayStandYet;
      mayStandYet = false;
    }
    if (isAbandoned) {
      // The holder has stopped, and nobody needs to wait for what is left of the lease.
      ReleaseInFlight.ofLost(parts, plan, this);
    }
    return CompletableFuture.completedFuture(new Release.NotHeld(loss().reason()));
  }

  /** The client is closing. */
  void abandon() {
    CompletableFuture<Release> unused = release(handle.get());
  }

  /** How long the lock is to stay closed if it is released now. */
  long closeForNanos(long nowNanos) {
    long minHold = plan.terms().minHold().toNanos() - (nowNanos - grantedNanos);
    return Math.max(0, Math.max(minHold, closedUntilNanos - nowNanos));
  }

  long ttlNanos() {
    return span.ttlNanos();
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
    LeaseSpan now = span;
    long due = Math.min(now.validUntilNanos(), renewDueNanos());
    return isOverdueTold ? due : Math.min(due, now.overdueAtNanos());
  }

  @Override
  public void run(long nowNanos) {
    if (state() == LockHandle.State.LOST) {
      return;
    }
    Handle holder = handle.get();
    if (holder == null) {
      leaked();
      return;
    }
    if (nowNanos >= span.overdueAtNanos() && !isOverdueTold) {
      isOverdueTold = true;
      holder.tellJeopardy(new Jeopardy(remaining(), trouble()));
    }
    if (nowNanos >= renewDueNanos()) {
      renewals.send(span, nowNanos);
    }
  }

  private long renewDueNanos() {
    long due = renewals.dueNanos(span);
    return due >= renewUntilNanos ? ClientClock.NEVER : due;
  }

  /** What the renewals do to the grant. */
  private final class Kept implements Renewals.Keeper {
    @Override
    public boolean isWanted() {
      return phase == Phase.HELD;
    }

    @Override
    public void renewed(LeaseSpan next) {
      Holding.this.renewed(next);
    }

    @Override
    public void lost(GrantLoss why) {
      lose(why, Phase.HELD);
    }

    @Override
    public void sooner() {
      parts.holdings.touch(Holding.this);
    }
  }

  private void renewed(LeaseSpan next) {
    // One that came too late for the lease before must not bring it back.
    if (state() == LockHandle.State.LOST) {
      return;
    }
    synchronized (this) {
      if (phase != Phase.HELD
          || parts.clock.nanos() >= span.validUntilNanos()
          || next.validUntilNanos() <= span.validUntilNanos()) {
        return;
      }
      span = next;
      isOverdueTold = false;
    }
    parts.holdings.touch(this);
    Handle holder = handle.get();
    if (holder != null) {
      holder.tellRenewed();
    }
  }

  private void expire() {
    GrantLoss why = new GrantLoss(LossReason.EXPIRED, trouble(), Optional.empty());
    synchronized (this) {
      // A renewal may have been answered meanwhile.
      if (phase != Phase.HELD || parts.clock.nanos() < span.validUntilNanos()) {
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
    parts.holdings.remove(this);
    parts.metrics.lockLost(why.reason());
    LOG.warn("{} is lost: {} {}", ref.lock(), why.reason(), why.detail());
    Handle holder = handle.get();
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
    parts.holdings.remove(this);
    return true;
  }

  private void leaked() {
    if (move(Phase.LEAKED)) {
      parts.metrics.handleLeaked();
      LOG.warn(
          "the handle of {} was never closed and nobody has it any more: it is not renewed,"
              + " and the lock is taken until its lease ends",
          ref.lock());
    }
  }

  private String trouble() {
    if (renewUntilNanos <= parts.clock.nanos()) {
      return "the longest hold is over";
    }
    String last = renewals.lastTrouble();
    return last.isEmpty() ? "no renewal was answered in time" : last;
  }
}
