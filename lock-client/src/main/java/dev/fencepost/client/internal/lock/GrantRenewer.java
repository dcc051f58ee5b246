package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.transport.CallFailure;
import dev.fencepost.client.internal.transport.PendingOperation;
import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.client.internal.transport.SessionStream;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.proto.v1.Failure;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Result;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Renews one grant. A renewal that is not answered soon is tried through another replica: the
 * silent one is probed after a third of that time, and another connection is opened after two
 * thirds, so that it is ready when the renewal is overdue. One that failed is tried again after a
 * pause. A stream never carries two renewals of one grant, and pauses double, because a store that
 * is slow from too many renewals must not get more of them. Thread-safe.
 */
final class GrantRenewer {
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** The longest time of an attempt, as a part of the lease. */
  private static final int TRY_PART = 6;

  /** The preparations of another connection, each after this part of an attempt's time. */
  private static final int PREPARE_PART = 3;

  private static final int MOST_DOUBLINGS = 5;

  /** The holder of the grant. */
  interface Listener {
    /** Whether the grant is still to be renewed. */
    boolean isRenewalWanted();

    /** The lease was renewed. */
    void onRenewed(LeaseWindow window);

    /** The grant has ended. */
    void onLost(GrantLoss why);

    /** The next attempt is due earlier than before. */
    void onDueEarlier();
  }

  private final ClientContext context;
  private final long lockHash;
  private final GrantRef ref;
  private final Listener listener;

  /** Attempts in flight, at most one for each session. */
  private final List<Attempt> running = new CopyOnWriteArrayList<>();

  /** Consecutive failures since the last success. */
  private final AtomicInteger failures = new AtomicInteger();

  private volatile @Nullable Attempt current;
  private volatile long retryNanos;
  private volatile String lastFailure = "";

  GrantRenewer(ClientContext context, long lockHash, GrantRef ref, Listener listener) {
    this.context = context;
    this.lockHash = lockHash;
    this.ref = ref;
    this.listener = listener;
  }

  /** Returns when this renewer must run for the lease. */
  long dueNanos(LeaseWindow window) {
    Attempt awaited = current;
    return awaited == null ? Math.max(window.renewAtNanos(), retryNanos) : awaited.dueNanos();
  }

  /** Sends a renewal, or prepares another way for one in flight that is not answered. */
  void send(LeaseWindow window, long nowNanos) {
    Attempt overdue = current;
    if (overdue != null && nowNanos < overdue.overdueNanos) {
      overdue.prepareNext(nowNanos);
      return;
    }
    if (overdue != null) {
      context.replicas.probeQuietSessions(overdue.session, tryNanos(window));
      lastFailure = "a renewal was not answered";
    }
    // A probed server may answer at once, so other connections are opened only after a pause.
    SessionStream session =
        overdue == null
            ? context.replicas.findOpenOrConnect(lockHash)
            : context.replicas.findOpen(lockHash);
    if (session == null) {
      lastFailure = context.replicas.failures().text();
      current = null;
      retryNanos = nowNanos + PAUSE_NANOS;
      return;
    }
    Attempt next = attemptOn(session);
    if (next == null) {
      next = new Attempt(session, window);
      next.awaitFrom(nowNanos);
      running.add(next);
      current = next;
      session.send(next);
    } else {
      next.awaitFrom(nowNanos);
      current = next;
    }
  }

  private @Nullable Attempt attemptOn(SessionStream session) {
    for (Attempt each : running) {
      if (each.session == session) {
        return each;
      }
    }
    return null;
  }

  private static long tryNanos(LeaseWindow window) {
    return Math.min(LONGEST_TRY_NANOS, window.ttlNanos() / TRY_PART);
  }

  /** Retries soon if no session was found before, because one may be usable now. */
  void retrySoon() {
    if (current == null && retryNanos > 0) {
      retryNanos = 0;
      listener.onDueEarlier();
    }
  }

  /** The last failure, for people; empty if there was none. */
  String lastFailure() {
    return lastFailure;
  }

  /** A renewal in flight. */
  private final class Attempt implements PendingOperation {
    private final SessionStream session;
    private final LeaseWindow window;
    private volatile long overdueNanos;
    private volatile long prepareNanos;
    private volatile long sentNanos;

    Attempt(SessionStream session, LeaseWindow window) {
      this.session = session;
      this.window = window;
    }

    void awaitFrom(long nowNanos) {
      overdueNanos = nowNanos + tryNanos(window);
      prepareNanos = nowNanos + prepareEveryNanos();
    }

    long dueNanos() {
      return Math.min(overdueNanos, prepareNanos);
    }

    /** Probes the silent session; if that was done already, opens another connection. */
    void prepareNext(long nowNanos) {
      prepareNanos = nowNanos + prepareEveryNanos();
      if (session.isSuspect()) {
        context.replicas.findOpenOrConnect(lockHash);
      } else {
        context.replicas.probeQuietSessions(session, prepareEveryNanos());
      }
    }

    private long prepareEveryNanos() {
      return Math.max(PAUSE_NANOS, tryNanos(window) / PREPARE_PART);
    }

    @Override
    public Lane lane() {
      return Lane.RENEW;
    }

    @Override
    public @Nullable Operation toProto(long id, long nowNanos) {
      if (!listener.isRenewalWanted()) {
        return null;
      }
      sentNanos = nowNanos;
      return Operation.newBuilder()
          .setId(id)
          .setRenew(RenewRequest.newBuilder().setGrant(ProtoConverter.toProto(ref)))
          .build();
    }

    @Override
    public void onResult(Result result, long countedFromNanos) {
      running.remove(this);
      RenewResponse response = result.getRenew();
      if (result.hasFailure()) {
        onFailed(this, result.getFailure());
      } else if (response.hasRenewed()) {
        context.metrics.renewalEnded("renewed");
        onSuccess();
        long from = countedFromNanos == 0 ? sentNanos : countedFromNanos;
        listener.onRenewed(LeaseWindow.of(response.getRenewed(), from));
      } else if (response.hasLost()) {
        context.metrics.renewalEnded("lost");
        listener.onLost(ProtoConverter.loss(response.getLost()));
      } else {
        retryAfter(this, PAUSE_NANOS, "the answer has a form that this client does not know");
      }
    }

    @Override
    public void onSessionOver() {
      running.remove(this);
      retryAfter(this, 0, context.replicas.failures().text());
    }
  }

  private void onFailed(Attempt ended, Failure failure) {
    context.metrics.renewalEnded("failed");
    if (CallFailure.isDraining(failure)) {
      context.replicas.markDraining(ended.session);
      retryAfter(ended, 0, failure.getMessage());
      return;
    }
    long asked = Math.max(PAUSE_NANOS, ProtoConverter.nanos(failure.getRetryAfter()));
    long most = Math.max(PAUSE_NANOS, ended.window.ttlNanos() / (2 * TRY_PART));
    long pause = Math.min(asked << Math.min(failures.getAndIncrement(), MOST_DOUBLINGS), most);
    retryAfter(ended, context.jitteredNanos(pause / 2), failure.getMessage());
  }

  /** Resets the state after a success; other attempts in flight do not matter any more. */
  private void onSuccess() {
    retryNanos = 0;
    failures.set(0);
    current = null;
  }

  private void retryAfter(Attempt ended, long pauseNanos, String why) {
    lastFailure = why;
    if (current == ended) {
      retryNanos = context.clock.nanos() + pauseNanos;
      current = null;
      listener.onDueEarlier();
    }
  }
}
