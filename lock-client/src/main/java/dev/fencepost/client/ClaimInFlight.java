package dev.fencepost.client;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.Failure;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.NotGranted;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.Result;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One claim from its first sending to its end. It outlives the sessions that carry it: when one
 * breaks, the same claim goes to the next with the time it has waited. Thread-safe; its own lock is
 * never held while anybody else is called.
 */
final class ClaimInFlight implements Due {
  /** A wait without end. */
  static final long ENDLESS = ClientClock.NEVER;

  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long OVERDUE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_WAIT_NANOS = TimeUnit.HOURS.toNanos(24);

  /** A grant that is older than this part of its ttl is renewed before it is used. */
  private static final int TIMELY_PART = 4;

  private final ClientParts parts;
  private final LockPlan plan;
  private final long waitNanos;
  private final long begunNanos;
  private final long giveUpNanos;
  private final CompletableFuture<AcquireOutcome> outcome = new CompletableFuture<>();

  private ClaimId claim;
  private @Nullable Leg leg;
  private boolean isOver;
  private boolean mayStand;
  private int legs;
  private volatile long retryNanos = ClientClock.NEVER;

  /** When an answer will be overdue, whether granted or not. */
  private volatile long overdueNanos;

  private volatile String lastTrouble = "";

  private ClaimInFlight(ClientParts parts, LockPlan plan, long waitNanos) {
    this.parts = parts;
    this.plan = plan;
    this.waitNanos = waitNanos;
    this.begunNanos = parts.clock.nanos();
    this.claim = parts.claimIds.next();
    this.overdueNanos = ClientClock.after(begunNanos, ClientClock.after(waitNanos, OVERDUE_NANOS));
    this.giveUpNanos =
        ClientClock.after(ClientClock.after(begunNanos, waitNanos), parts.callTimeoutNanos);
  }

  /** Sends a claim that waits so long, or tries once if that is zero. */
  static ClaimInFlight begin(ClientParts parts, LockPlan plan, long waitNanos) {
    parts.requireOpen();
    ClaimInFlight begun = new ClaimInFlight(parts, plan, waitNanos);
    parts.claims.add(begun);
    if (parts.isClosed()) {
      // The one who closes may have looked before it was there.
      begun.abandon();
    }
    begun.send();
    return begun;
  }

  /** Completes on the thread that learns of it; what follows there must not block. */
  CompletableFuture<AcquireOutcome> outcome() {
    return outcome;
  }

  /**
   * Takes the claim back wherever it stands; a grant that crosses this is released.
   *
   * @return false if it was over before
   */
  boolean withdraw() {
    boolean isWithdrawn = takeBack();
    if (isWithdrawn) {
      parts.metrics.acquireEnded("withdrawn", parts.clock.nanos() - begunNanos);
    }
    return isWithdrawn;
  }

  private boolean takeBack() {
    Leg standing;
    synchronized (this) {
      if (isOver) {
        return false;
      }
      isOver = true;
      standing = leg;
    }
    parts.claims.remove(this);
    if (mayStand()) {
      ReleaseInFlight.withdraw(parts, plan, claim(), standing == null ? null : standing.session);
    }
    return true;
  }

  /** The client is closing. */
  void abandon() {
    if (takeBack()) {
      Trouble closed = Trouble.of(Trouble.Kind.UNREACHED, "the client was closed");
      end("withdrawn", new AcquireOutcome.Failed(closed));
    }
  }

  /** There may be a way now, for a claim that found none before. */
  void nudge() {
    if (retryNanos == ClientClock.NEVER) {
      retryNanos = Agenda.afterRoundOf(parts.clock.nanos());
      parts.claims.touch(this);
    }
  }

  @Override
  public long dueNanos() {
    return Math.min(Math.min(giveUpNanos, overdueNanos), retryNanos);
  }

  @Override
  public void run(long nowNanos) {
    if (nowNanos >= giveUpNanos) {
      if (takeBack()) {
        end("unavailable", new AcquireOutcome.Failed(noAnswer()));
      }
    } else if (nowNanos >= retryNanos) {
      retryNanos = ClientClock.NEVER;
      send();
    } else if (nowNanos >= overdueNanos) {
      overdueNanos = nowNanos + OVERDUE_NANOS;
      suspect();
    }
  }

  /** What the session carries is sent elsewhere if it turns out to be dead. */
  private void suspect() {
    Leg silent;
    synchronized (this) {
      silent = leg;
    }
    if (silent != null) {
      parts.replicas.suspect(silent.session, OVERDUE_NANOS);
    }
  }

  private void send() {
    Session session = parts.replicas.route(plan.hash());
    Leg next;
    synchronized (this) {
      if (session == null || isOver || leg != null) {
        return;
      }
      next = new Leg(session);
      leg = next;
      legs++;
    }
    session.markFor(ttlNanos());
    session.send(next);
  }

  private synchronized @Nullable AcquireRequest request(long nowNanos) {
    if (isOver) {
      return null;
    }
    mayStand = true;
    long elapsed = nowNanos - begunNanos;
    AcquireRequest.Builder request = plan.request().toBuilder().setClaimId(claim.value());
    if (waitNanos > 0) {
      long left = Math.max(0, waitNanos == ENDLESS ? LONGEST_WAIT_NANOS : waitNanos - elapsed);
      request.setWait(Wire.ofNanos(Math.min(left, longestWaitNanos())));
      if (legs > 1) {
        request.setWaited(Wire.ofNanos(Math.min(elapsed, LONGEST_WAIT_NANOS)));
      }
    }
    return request.build();
  }

  /** The claim is on its way to a session, or waits there. */
  private final class Leg implements Pending {
    private final Session session;

    Leg(Session session) {
      this.session = session;
    }

    @Override
    public Lane lane() {
      return Lane.ACQUIRE;
    }

    @Override
    public @Nullable Operation toWire(long id, long nowNanos) {
      AcquireRequest request = request(nowNanos);
      return request == null ? null : Operation.newBuilder().setId(id).setAcquire(request).build();
    }

    @Override
    public void answered(Result result, long countedFromNanos) {
      if (result.hasFailure()) {
        failed(this, result.getFailure());
      } else if (result.getAcquire().hasGranted()) {
        granted(this, result.getAcquire().getGranted(), countedFromNanos);
      } else if (result.getAcquire().hasNotGranted()) {
        refused(this, result.getAcquire().getNotGranted());
      } else {
        giveUp(Trouble.of(Trouble.Kind.FAULT, "an answer newer than this client"));
      }
    }

    @Override
    public void undelivered() {
      again(this, ClientClock.NEVER);
    }
  }

  /** A grant whose age is not known, or too great, is renewed before anybody uses it. */
  private final class Confirmation implements Pending {
    private final Leg of;
    private final Grant grant;

    Confirmation(Leg of, Grant grant) {
      this.of = of;
      this.grant = grant;
    }

    @Override
    public Lane lane() {
      return Lane.RENEW;
    }

    @Override
    public Operation toWire(long id, long nowNanos) {
      RenewRequest renew = RenewRequest.newBuilder().setGrant(Wire.of(ref(grant))).build();
      return Operation.newBuilder().setId(id).setRenew(renew).build();
    }

    @Override
    public void answered(Result result, long countedFromNanos) {
      if (result.hasFailure()) {
        failed(of, result.getFailure());
      } else if (result.getRenew().hasRenewed()) {
        granted(of, result.getRenew().getRenewed(), countedFromNanos);
      } else {
        claimAnew();
        again(of, ClientClock.NEVER);
      }
    }

    @Override
    public void undelivered() {
      again(of, ClientClock.NEVER);
    }
  }

  private void granted(Leg from, Grant grant, long countedFromNanos) {
    long now = parts.clock.nanos();
    GrantRef ref = ref(grant);
    long usableNanos = Wire.nanos(grant.getTtl()) / TIMELY_PART;
    if (countedFromNanos == 0 || now - countedFromNanos > usableNanos) {
      if (isOver()) {
        ReleaseInFlight.giveBack(parts, plan, ref);
      } else {
        from.session.send(new Confirmation(from, grant));
      }
      return;
    }
    synchronized (this) {
      if (isOver) {
        from = null;
      }
      isOver = true;
    }
    if (from == null) {
      // It crossed its withdrawal, which ends it as well unless it was sent first.
      ReleaseInFlight.giveBack(parts, plan, ref);
      return;
    }
    parts.claims.remove(this);
    Handle handle = Holding.begin(parts, plan, ref, LeaseSpan.of(grant, countedFromNanos));
    end("granted", new AcquireOutcome.Held(handle));
  }

  private void refused(Leg from, NotGranted notGranted) {
    Refusal refusal = Refusal.of(notGranted);
    long left = waitNanos == ENDLESS ? ENDLESS : begunNanos + waitNanos - parts.clock.nanos();
    boolean wasCutShort = refusal.reason() == LockNotGrantedException.Reason.TIMED_OUT && left > 0;
    if (wasCutShort) {
      again(from, ClientClock.NEVER);
    } else if (finish()) {
      end("not_granted", new AcquireOutcome.Refused(refusal));
    }
  }

  private void failed(Leg from, Failure failure) {
    if (Trouble.isDraining(failure)) {
      parts.replicas.leave(from.session);
      again(from, ClientClock.NEVER);
      return;
    }
    Trouble trouble = Trouble.of(failure);
    lastTrouble = trouble.message();
    if (trouble.isPassing()) {
      long pause = Math.max(RETRY_NANOS, trouble.retryAfter().toNanos());
      again(from, ClientClock.after(parts.clock.nanos(), parts.pauseNanos(pause)));
    } else {
      giveUp(trouble);
    }
  }

  private void giveUp(Trouble trouble) {
    // Of a fault nobody knows what it has done.
    if (trouble.kind() == Trouble.Kind.FAULT ? takeBack() : finish()) {
      end("failed", new AcquireOutcome.Failed(trouble));
    }
  }

  /** The leg is over without a decision; another follows, now or at that moment. */
  private void again(Leg ended, long whenNanos) {
    synchronized (this) {
      if (leg != ended) {
        return;
      }
      leg = null;
      retryNanos = whenNanos;
    }
    if (whenNanos == ClientClock.NEVER) {
      send();
    } else {
      parts.claims.touch(this);
    }
  }

  /** The grant was lost before it was used: what follows is another attempt. */
  private synchronized void claimAnew() {
    claim = parts.claimIds.next();
  }

  private synchronized ClaimId claim() {
    return claim;
  }

  private synchronized boolean mayStand() {
    return mayStand;
  }

  private synchronized boolean isOver() {
    return isOver;
  }

  private boolean finish() {
    synchronized (this) {
      if (isOver) {
        return false;
      }
      isOver = true;
    }
    parts.claims.remove(this);
    return true;
  }

  private void end(String how, AcquireOutcome with) {
    parts.metrics.acquireEnded(how, parts.clock.nanos() - begunNanos);
    outcome.complete(with);
  }

  private synchronized Trouble noAnswer() {
    String why = lastTrouble.isEmpty() ? parts.replicas.lastFailure() : lastTrouble;
    return mayStand
        ? Trouble.of(Trouble.Kind.UNKNOWN, "no answer in time for " + name() + ": " + why)
        : Trouble.of(Trouble.Kind.UNREACHED, "no server could be reached: " + why);
  }

  private synchronized GrantRef ref(Grant grant) {
    return new GrantRef(plan.terms().name(), claim, new FencingToken(grant.getFencingToken()));
  }

  private long ttlNanos() {
    return parts.ttlNanos(plan);
  }

  private long longestWaitNanos() {
    return Math.min(LONGEST_WAIT_NANOS, parts.longestWaitNanos());
  }

  private String name() {
    return plan.terms().name().value();
  }
}
