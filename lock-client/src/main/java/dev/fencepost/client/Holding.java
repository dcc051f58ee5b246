package dev.fencepost.client;

import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Loss;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import dev.fencepost.proto.v1.Failure;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.Result;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
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

  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** The time between two tries, as a part of the lease. */
  private static final int TRY_PART = 6;

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
  private volatile Phase phase = Phase.HELD;
  private volatile LeaseSpan span;
  private volatile @Nullable Renewing renewing;
  private volatile long retryNanos;
  private volatile boolean isOverdueTold;
  private volatile String lastTrouble = "";
  private @Nullable Loss loss;

  /** Lost by our own count: the store may count longer. */
  private boolean mayStandYet;

  private Holding(ClientParts parts, LockPlan plan, GrantRef ref, LeaseSpan span, Handle handle) {
    this.parts = parts;
    this.plan = plan;
    this.ref = ref;
    this.span = span;
    this.handle = new WeakReference<>(handle);
    this.grantedNanos = parts.clock.nanos();
    this.renewUntilNanos =
        plan.terms()
            .maxHold()
            .map(most -> ClientClock.after(grantedNanos, most.toNanos()))
            .orElse(ClientClock.NEVER);
  }

  /** Begins to keep a grant that counts from {@code fromNanos}. */
  static Handle begin(ClientParts parts, LockPlan plan, GrantRef ref, Grant grant, long fromNanos) {
    Handle handle = new Handle(parts.callbacks);
    Holding holding = new Holding(parts, plan, ref, LeaseSpan.of(grant, fromNanos), handle);
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
  synchronized Loss loss() {
    return loss == null
        ? new Loss(LossReason.RELEASED, "given back by its holder", Optional.empty())
        : loss;
  }

  /** Stops renewing; the grant stands. */
  boolean detach() {
    state();
    return move(Phase.DETACHED);
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
      ReleaseInFlight.giveBack(parts, plan, ref);
    }
    return CompletableFuture.completedFuture(new Release.NotHeld(loss().reason()));
  }

  /** The client is closing. */
  void abandon() {
    CompletableFuture<Release> unused = release(handle.get());
  }

  /** How long the lock is to stay closed if it is released now. */
  long closeForNanos(long nowNanos) {
    long minHold = plan.terms().minHold().toNanos();
    return minHold == 0 ? 0 : Math.max(0, minHold - (nowNanos - grantedNanos));
  }

  long ttlNanos() {
    return span.ttlNanos();
  }

  /** Told by a server: by a renewal, a notice, or the answer to a release. */
  void lost(Loss why) {
    lose(why, phase == Phase.RELEASED ? Phase.RELEASED : Phase.HELD);
  }

  /** There may be a way now for a renewal that found none before. */
  void nudge() {
    if (renewing == null && retryNanos > 0) {
      retryNanos = 0;
      parts.holdings.touch(this);
    }
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
      renew(nowNanos);
    }
  }

  private long renewDueNanos() {
    Renewing current = renewing;
    long due = current == null ? Math.max(span.renewAtNanos(), retryNanos) : current.overdueNanos;
    return due >= renewUntilNanos ? ClientClock.NEVER : due;
  }

  private void renew(long nowNanos) {
    Renewing overdue = renewing;
    if (overdue != null) {
      overdue.session.suspect();
      lastTrouble = "a renewal was not answered";
    }
    Session session = parts.replicas.routeNow(plan.hash());
    if (session == null) {
      lastTrouble = parts.replicas.lastFailure();
      renewing = null;
      retryNanos = nowNanos + PAUSE_NANOS;
      return;
    }
    Renewing next = new Renewing(session, nowNanos + tryNanos());
    renewing = next;
    session.send(next);
  }

  private long tryNanos() {
    return Math.min(LONGEST_TRY_NANOS, span.ttlNanos() / TRY_PART);
  }

  /** A renewal on its way. */
  private final class Renewing implements Pending {
    private final Session session;
    private final long overdueNanos;
    private volatile long sentNanos;

    Renewing(Session session, long overdueNanos) {
      this.session = session;
      this.overdueNanos = overdueNanos;
    }

    @Override
    public Lane lane() {
      return Lane.RENEW;
    }

    @Override
    public @Nullable Operation toWire(long id, long nowNanos) {
      if (phase != Phase.HELD) {
        return null;
      }
      sentNanos = nowNanos;
      return Operation.newBuilder()
          .setId(id)
          .setRenew(RenewRequest.newBuilder().setGrant(Wire.of(ref)))
          .build();
    }

    @Override
    public void answered(Result result, long countedFromNanos) {
      if (result.hasFailure()) {
        failed(this, result.getFailure());
      } else if (result.getRenew().hasRenewed()) {
        long from = countedFromNanos == 0 ? sentNanos : countedFromNanos;
        renewed(LeaseSpan.of(result.getRenew().getRenewed(), from));
      } else if (result.getRenew().hasLost()) {
        parts.metrics.renewalEnded("lost");
        lose(Wire.loss(result.getRenew().getLost()), Phase.HELD);
      } else {
        again(this, PAUSE_NANOS, "an answer newer than this client");
      }
    }

    @Override
    public void undelivered() {
      again(this, 0, parts.replicas.lastFailure());
    }
  }

  private void renewed(LeaseSpan next) {
    parts.metrics.renewalEnded("renewed");
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
      retryNanos = 0;
      renewing = null;
    }
    parts.holdings.touch(this);
    Handle holder = handle.get();
    if (holder != null) {
      holder.tellRenewed();
    }
  }

  private void failed(Renewing renewal, Failure failure) {
    parts.metrics.renewalEnded("failed");
    if (Trouble.isDraining(failure)) {
      parts.replicas.leave(renewal.session);
      again(renewal, 0, failure.getMessage());
      return;
    }
    long pause = Math.max(PAUSE_NANOS, Wire.nanos(failure.getRetryAfter()));
    long most = Math.max(PAUSE_NANOS, span.ttlNanos() / (2 * TRY_PART));
    again(renewal, parts.pauseNanos(Math.min(pause, most) / 2), failure.getMessage());
  }

  private void again(Renewing renewal, long pauseNanos, String why) {
    lastTrouble = why;
    if (renewing == renewal) {
      retryNanos = parts.clock.nanos() + pauseNanos;
      renewing = null;
      parts.holdings.touch(this);
    }
  }

  private void expire() {
    Loss why = new Loss(LossReason.EXPIRED, trouble(), Optional.empty());
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

  private void lose(Loss why, Phase from) {
    synchronized (this) {
      if (phase != from) {
        return;
      }
      loss = why;
      phase = Phase.LOST;
    }
    tellLost(why);
  }

  private void tellLost(Loss why) {
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
    return lastTrouble.isEmpty() ? "no renewal was answered in time" : lastTrouble;
  }
}
