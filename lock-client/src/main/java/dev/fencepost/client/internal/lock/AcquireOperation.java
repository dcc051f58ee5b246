package dev.fencepost.client.internal.lock;

import dev.fencepost.client.LockNotGrantedException;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.RoundScheduler;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.client.internal.transport.CallFailure;
import dev.fencepost.client.internal.transport.PendingOperation;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.client.internal.transport.SessionStream;
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
final class AcquireOperation implements TimedItem {
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long OVERDUE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A grant that is older than this part of its ttl is renewed before it is used. */
  private static final int TIMELY_PART = 4;

  private final ClientContext context;
  private final AcquireTemplate template;
  private final AcquireDeadline deadline;
  private final CompletableFuture<AcquireOutcome> outcome = new CompletableFuture<>();

  private ClaimId claim;
  private @Nullable Attempt attempt;
  private boolean isOver;
  private boolean mayStand;
  private int attempts;
  private volatile long retryNanos = ClientClock.NEVER;

  /** When an answer will be overdue, whether granted or not. */
  private volatile long overdueNanos;

  private volatile String lastFailure = "";

  private AcquireOperation(ClientContext context, AcquireTemplate template, long waitNanos) {
    this.context = context;
    this.template = template;
    this.deadline = AcquireDeadline.of(waitNanos, context.clock.nanos(), context.callTimeoutNanos);
    this.claim = context.claimIds.next();
    this.overdueNanos = ClientClock.after(deadline.waitEndNanos(), OVERDUE_NANOS);
  }

  /** Sends a claim that waits so long, or tries once if that is zero. */
  static AcquireOperation begin(ClientContext context, AcquireTemplate template, long waitNanos) {
    context.requireOpen();
    AcquireOperation begun = new AcquireOperation(context, template, waitNanos);
    context.acquires.add(begun);
    if (context.isClosed()) {
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
      context.metrics.acquireEnded("withdrawn", deadline.elapsedNanos(context.clock.nanos()));
    }
    return isWithdrawn;
  }

  private boolean takeBack() {
    Attempt standing;
    synchronized (this) {
      if (isOver) {
        return false;
      }
      isOver = true;
      standing = attempt;
    }
    context.acquires.remove(this);
    if (mayStand()) {
      ReleaseOperation.withdraw(
          context, template, claim(), standing == null ? null : standing.session);
    }
    return true;
  }

  /** The client is closing. */
  void abandon() {
    if (takeBack()) {
      CallFailure closed = CallFailure.of(CallFailure.Kind.UNREACHED, "the client was closed");
      end("withdrawn", new AcquireOutcome.Failed(closed));
    }
  }

  /** There may be a way now, for a claim that found none before. */
  void nudge() {
    if (retryNanos == ClientClock.NEVER) {
      retryNanos = RoundScheduler.afterRoundOf(context.clock.nanos());
      context.acquires.touch(this);
    }
  }

  @Override
  public long dueNanos() {
    return Math.min(Math.min(deadline.giveUpNanos(), overdueNanos), retryNanos);
  }

  @Override
  public void run(long nowNanos) {
    if (nowNanos >= deadline.giveUpNanos()) {
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
    Attempt silent;
    synchronized (this) {
      silent = attempt;
    }
    if (silent != null) {
      context.replicas.suspect(silent.session, OVERDUE_NANOS);
    }
  }

  private void send() {
    SessionStream session = context.replicas.route(template.hash());
    Attempt next;
    synchronized (this) {
      if (session == null || isOver || attempt != null) {
        return;
      }
      next = new Attempt(session);
      attempt = next;
      attempts++;
    }
    session.markFor(ttlNanos());
    session.send(next);
  }

  private synchronized @Nullable AcquireRequest request(long nowNanos) {
    if (isOver) {
      return null;
    }
    mayStand = true;
    AcquireRequest.Builder request = template.request().toBuilder().setClaimId(claim.value());
    if (deadline.waitNanos() > 0) {
      long wait = deadline.requestedWaitNanos(nowNanos, context.longestWaitNanos());
      request.setWait(ProtoConverter.nanosToProto(wait));
      if (attempts > 1) {
        request.setWaited(ProtoConverter.nanosToProto(deadline.waitedNanos(nowNanos)));
      }
    }
    return request.build();
  }

  /** The claim is on its way to a session, or waits there. */
  private final class Attempt implements PendingOperation {
    private final SessionStream session;

    Attempt(SessionStream session) {
      this.session = session;
    }

    @Override
    public Lane lane() {
      return Lane.ACQUIRE;
    }

    @Override
    public @Nullable Operation toProto(long id, long nowNanos) {
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
        giveUp(CallFailure.of(CallFailure.Kind.FAULT, "an answer newer than this client"));
      }
    }

    @Override
    public void undelivered() {
      again(this, ClientClock.NEVER);
    }
  }

  /** A grant whose age is not known, or too great, is renewed before anybody uses it. */
  private final class Confirmation implements PendingOperation {
    private final Attempt of;
    private final Grant grant;

    Confirmation(Attempt of, Grant grant) {
      this.of = of;
      this.grant = grant;
    }

    @Override
    public Lane lane() {
      return Lane.RENEW;
    }

    @Override
    public Operation toProto(long id, long nowNanos) {
      RenewRequest renew =
          RenewRequest.newBuilder().setGrant(ProtoConverter.toProto(ref(grant))).build();
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

  private void granted(Attempt from, Grant grant, long countedFromNanos) {
    long now = context.clock.nanos();
    GrantRef ref = ref(grant);
    long usableNanos = ProtoConverter.nanos(grant.getTtl()) / TIMELY_PART;
    if (countedFromNanos == 0 || now - countedFromNanos > usableNanos) {
      if (isOver()) {
        ReleaseOperation.giveBack(context, template, ref);
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
      ReleaseOperation.giveBack(context, template, ref);
      return;
    }
    context.acquires.remove(this);
    LockHandleImpl handle =
        HeldLock.begin(context, template, ref, LeaseWindow.of(grant, countedFromNanos));
    end("granted", new AcquireOutcome.Held(handle));
  }

  private void refused(Attempt from, NotGranted notGranted) {
    AcquireOutcome.Refused refused = AcquireOutcome.Refused.of(notGranted);
    boolean wasCutShort =
        refused.reason() == LockNotGrantedException.Reason.TIMED_OUT
            && deadline.isWaiting(context.clock.nanos());
    if (wasCutShort) {
      again(from, ClientClock.NEVER);
    } else if (finish()) {
      end("not_granted", refused);
    }
  }

  private void failed(Attempt from, Failure failure) {
    if (CallFailure.isDraining(failure)) {
      context.replicas.leave(from.session);
      again(from, ClientClock.NEVER);
      return;
    }
    CallFailure callFailure = CallFailure.of(failure);
    lastFailure = callFailure.message();
    if (callFailure.isPassing()) {
      long pause = Math.max(RETRY_NANOS, callFailure.retryAfter().toNanos());
      again(from, ClientClock.after(context.clock.nanos(), context.pauseNanos(pause)));
    } else {
      giveUp(callFailure);
    }
  }

  private void giveUp(CallFailure callFailure) {
    // Of a fault nobody knows what it has done.
    if (callFailure.kind() == CallFailure.Kind.FAULT ? takeBack() : finish()) {
      end("failed", new AcquireOutcome.Failed(callFailure));
    }
  }

  /** The leg is over without a decision; another follows, now or at that moment. */
  private void again(Attempt ended, long whenNanos) {
    synchronized (this) {
      if (attempt != ended) {
        return;
      }
      attempt = null;
      retryNanos = whenNanos;
    }
    if (whenNanos == ClientClock.NEVER) {
      send();
    } else {
      context.acquires.touch(this);
    }
  }

  /** The grant was lost before it was used: what follows is another attempt. */
  private synchronized void claimAnew() {
    claim = context.claimIds.next();
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
    context.acquires.remove(this);
    return true;
  }

  private void end(String how, AcquireOutcome with) {
    context.metrics.acquireEnded(how, deadline.elapsedNanos(context.clock.nanos()));
    outcome.complete(with);
  }

  private synchronized CallFailure noAnswer() {
    String why = lastFailure.isEmpty() ? context.replicas.lastFailure() : lastFailure;
    return mayStand
        ? CallFailure.of(CallFailure.Kind.UNKNOWN, "no answer in time for " + name() + ": " + why)
        : CallFailure.of(CallFailure.Kind.UNREACHED, "no server could be reached: " + why);
  }

  private synchronized GrantRef ref(Grant grant) {
    return new GrantRef(
        template.options().name(), claim, new FencingToken(grant.getFencingToken()));
  }

  private long ttlNanos() {
    return context.ttlNanos(template);
  }

  private String name() {
    return template.options().name().value();
  }
}
