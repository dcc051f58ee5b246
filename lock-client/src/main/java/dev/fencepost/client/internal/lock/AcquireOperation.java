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
 * One acquire, from its first message to its end. It outlives the sessions that carry it: if one
 * breaks, the same claim goes to the next session together with the time that it has waited.
 * Thread-safe; its own lock is never held during a call to another object.
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
  private boolean mayBeGranted;
  private int attempts;
  private volatile long retryNanos = ClientClock.NEVER;

  /** When the answer is overdue, whether the lock is granted or not. */
  private volatile long overdueNanos;

  private volatile String lastFailure = "";

  private AcquireOperation(ClientContext context, AcquireTemplate template, long waitNanos) {
    this.context = context;
    this.template = template;
    this.deadline = AcquireDeadline.of(waitNanos, context.clock.nanos(), context.callTimeoutNanos);
    this.claim = context.claimIds.next();
    this.overdueNanos = ClientClock.after(deadline.waitEndNanos(), OVERDUE_NANOS);
  }

  /** Sends a claim that waits this long, or tries once if the wait is zero. */
  static AcquireOperation start(ClientContext context, AcquireTemplate template, long waitNanos) {
    context.requireOpen();
    AcquireOperation started = new AcquireOperation(context, template, waitNanos);
    context.acquires.add(started);
    if (context.isClosed()) {
      // A concurrent close may have missed it.
      started.abandon();
    }
    started.send();
    return started;
  }

  /** Completes on the thread that receives the answer. Dependent stages must not block. */
  CompletableFuture<AcquireOutcome> outcome() {
    return outcome;
  }

  /**
   * Withdraws the claim wherever it is; a grant that is already on its way is released.
   *
   * @return false if it was over before
   */
  boolean withdraw() {
    boolean isWithdrawn = cancel();
    if (isWithdrawn) {
      context.metrics.acquireEnded("withdrawn", deadline.elapsedNanos(context.clock.nanos()));
    }
    return isWithdrawn;
  }

  private boolean cancel() {
    Attempt last;
    synchronized (this) {
      if (isOver) {
        return false;
      }
      isOver = true;
      last = attempt;
    }
    context.acquires.remove(this);
    if (mayBeGranted()) {
      ReleaseOperation.withdraw(context, template, claim(), last == null ? null : last.session);
    }
    return true;
  }

  /** Ends the acquire because the client closes. */
  void abandon() {
    if (cancel()) {
      CallFailure closed = CallFailure.of(CallFailure.Kind.UNREACHED, "the client was closed");
      complete("withdrawn", new AcquireOutcome.Failed(closed));
    }
  }

  /** Retries soon if no session was found before, because one may be usable now. */
  void retrySoon() {
    if (retryNanos == ClientClock.NEVER) {
      retryNanos = RoundScheduler.nextRoundAfter(context.clock.nanos());
      context.acquires.reschedule(this);
    }
  }

  @Override
  public long dueNanos() {
    return Math.min(Math.min(deadline.giveUpNanos(), overdueNanos), retryNanos);
  }

  @Override
  public void run(long nowNanos) {
    if (nowNanos >= deadline.giveUpNanos()) {
      if (cancel()) {
        complete("unavailable", new AcquireOutcome.Failed(noAnswerFailure()));
      }
    } else if (nowNanos >= retryNanos) {
      retryNanos = ClientClock.NEVER;
      send();
    } else if (nowNanos >= overdueNanos) {
      overdueNanos = nowNanos + OVERDUE_NANOS;
      probeSession();
    }
  }

  /** Probes the session; if it turns out to be dead, its operations go to another. */
  private void probeSession() {
    Attempt silent;
    synchronized (this) {
      silent = attempt;
    }
    if (silent != null) {
      context.replicas.probeQuietSessions(silent.session, OVERDUE_NANOS);
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
    session.limitStampInterval(context.ttlNanos(template));
    session.send(next);
  }

  private synchronized @Nullable AcquireRequest request(long nowNanos) {
    if (isOver) {
      return null;
    }
    mayBeGranted = true;
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

  /** The claim in flight on one session, or waiting at its server. */
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
    public void onResult(Result result, long countedFromNanos) {
      if (result.hasFailure()) {
        onFailed(this, result.getFailure());
      } else if (result.getAcquire().hasGranted()) {
        onGranted(this, result.getAcquire().getGranted(), countedFromNanos);
      } else if (result.getAcquire().hasNotGranted()) {
        onRefused(this, result.getAcquire().getNotGranted());
      } else {
        giveUp(
            CallFailure.of(
                CallFailure.Kind.FAULT, "the answer has a form that this client does not know"));
      }
    }

    @Override
    public void onSessionOver() {
      retryAt(this, ClientClock.NEVER);
    }
  }

  /** Renews a grant before it is used, because its age is unknown or too great. */
  private final class ConfirmingRenewal implements PendingOperation {
    private final Attempt of;
    private final Grant grant;

    ConfirmingRenewal(Attempt of, Grant grant) {
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
    public void onResult(Result result, long countedFromNanos) {
      if (result.hasFailure()) {
        onFailed(of, result.getFailure());
      } else if (result.getRenew().hasRenewed()) {
        onGranted(of, result.getRenew().getRenewed(), countedFromNanos);
      } else {
        useNewClaimId();
        retryAt(of, ClientClock.NEVER);
      }
    }

    @Override
    public void onSessionOver() {
      retryAt(of, ClientClock.NEVER);
    }
  }

  private void onGranted(Attempt from, Grant grant, long countedFromNanos) {
    long now = context.clock.nanos();
    GrantRef ref = ref(grant);
    long usableNanos = ProtoConverter.nanos(grant.getTtl()) / TIMELY_PART;
    if (countedFromNanos == 0 || now - countedFromNanos > usableNanos) {
      if (isOver()) {
        ReleaseOperation.giveBack(context, template, ref);
      } else {
        from.session.send(new ConfirmingRenewal(from, grant));
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
      // The grant was on its way during the withdrawal. The withdrawal ends it too, unless it was
      // sent first.
      ReleaseOperation.giveBack(context, template, ref);
      return;
    }
    context.acquires.remove(this);
    LockHandleImpl handle =
        HeldLock.start(context, template, ref, LeaseWindow.of(grant, countedFromNanos));
    complete("granted", new AcquireOutcome.Held(handle));
  }

  private void onRefused(Attempt from, NotGranted notGranted) {
    AcquireOutcome.Refused refused = AcquireOutcome.Refused.of(notGranted);
    boolean wasCutShort =
        refused.reason() == LockNotGrantedException.Reason.TIMED_OUT
            && deadline.isWaiting(context.clock.nanos());
    if (wasCutShort) {
      retryAt(from, ClientClock.NEVER);
    } else if (finish()) {
      complete("not_granted", refused);
    }
  }

  private void onFailed(Attempt from, Failure failure) {
    if (CallFailure.isDraining(failure)) {
      context.replicas.markDraining(from.session);
      retryAt(from, ClientClock.NEVER);
      return;
    }
    CallFailure callFailure = CallFailure.of(failure);
    lastFailure = callFailure.message();
    if (callFailure.isTransient()) {
      long pause = Math.max(RETRY_NANOS, callFailure.retryAfter().toNanos());
      retryAt(from, ClientClock.after(context.clock.nanos(), context.jitteredNanos(pause)));
    } else {
      giveUp(callFailure);
    }
  }

  private void giveUp(CallFailure callFailure) {
    // The effect of a fault is unknown, so the claim is withdrawn.
    if (callFailure.kind() == CallFailure.Kind.FAULT ? cancel() : finish()) {
      complete("failed", new AcquireOutcome.Failed(callFailure));
    }
  }

  /**
   * Ends an attempt that has no decision; the next follows at that moment, or now if it is {@link
   * ClientClock#NEVER}.
   */
  private void retryAt(Attempt ended, long whenNanos) {
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
      context.acquires.reschedule(this);
    }
  }

  /**
   * Takes a new claim id: the grant was lost before it was used, so the next attempt is a new
   * claim.
   */
  private synchronized void useNewClaimId() {
    claim = context.claimIds.next();
  }

  private synchronized ClaimId claim() {
    return claim;
  }

  private synchronized boolean mayBeGranted() {
    return mayBeGranted;
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

  private void complete(String how, AcquireOutcome with) {
    context.metrics.acquireEnded(how, deadline.elapsedNanos(context.clock.nanos()));
    outcome.complete(with);
  }

  private synchronized CallFailure noAnswerFailure() {
    String why = lastFailure.isEmpty() ? context.replicas.failures().text() : lastFailure;
    return mayBeGranted
        ? CallFailure.of(
            CallFailure.Kind.UNKNOWN,
            "no answer in time for " + template.options().name() + ": " + why)
        : context.replicas.failures().noServer(why);
  }

  private synchronized GrantRef ref(Grant grant) {
    return new GrantRef(
        template.options().name(), claim, new FencingToken(grant.getFencingToken()));
  }
}
