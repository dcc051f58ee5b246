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
 * Renews one grant: what is not answered soon is tried through another replica, what failed is
 * tried again after a pause. A stream never carries two tries of one grant, and pauses double: a
 * store that is slow because of too many renewals must not get more of them. Thread-safe.
 */
final class GrantRenewer {
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** How long a try may take, as a part of the lease. */
  private static final int TRY_PART = 6;

  private static final int MOST_DOUBLINGS = 5;

  /** Whose grant it is. */
  interface Listener {
    /** Whether it is still to be renewed. */
    boolean isWanted();

    /** The lease was extended. */
    void renewed(LeaseWindow window);

    /** The grant is gone. */
    void lost(GrantLoss why);

    /** The next try is due earlier than was known. */
    void sooner();
  }

  private final ClientContext context;
  private final long lockHash;
  private final GrantRef ref;
  private final Listener listener;

  /** Those without an answer, at most one for each session. */
  private final List<Attempt> running = new CopyOnWriteArrayList<>();

  /** Since the last success. */
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

  /** When something is to be done about a lease. */
  long dueNanos(LeaseWindow window) {
    Attempt waited = current;
    return waited == null ? Math.max(window.renewAtNanos(), retryNanos) : waited.overdueNanos;
  }

  /** Sends a renewal; one that is on its way is overdue. */
  void send(LeaseWindow window, long nowNanos) {
    Attempt overdue = current;
    if (overdue != null) {
      context.replicas.suspect(overdue.session, tryNanos(window));
      lastFailure = "a renewal was not answered";
    }
    // The server that is asked may answer at once, so other connections are made after a pause.
    SessionStream session =
        overdue == null ? context.replicas.openSoon(lockHash) : context.replicas.open(lockHash);
    if (session == null) {
      lastFailure = context.replicas.lastFailure();
      current = null;
      retryNanos = nowNanos + PAUSE_NANOS;
      return;
    }
    Attempt next = runningOn(session);
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

  private @Nullable Attempt runningOn(SessionStream session) {
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

  /** There may be a way now for one that found none before. */
  void nudge() {
    if (current == null && retryNanos > 0) {
      retryNanos = 0;
      listener.sooner();
    }
  }

  /** What was in the way last, for people; empty if nothing was. */
  String lastFailure() {
    return lastFailure;
  }

  /** A renewal on its way. */
  private final class Attempt implements PendingOperation {
    private final SessionStream session;
    private final LeaseWindow window;
    private volatile long overdueNanos;
    private volatile long sentNanos;

    Attempt(SessionStream session, LeaseWindow window) {
      this.session = session;
      this.window = window;
    }

    void awaitFrom(long nowNanos) {
      overdueNanos = nowNanos + tryNanos(window);
    }

    @Override
    public Lane lane() {
      return Lane.RENEW;
    }

    @Override
    public @Nullable Operation toProto(long id, long nowNanos) {
      if (!listener.isWanted()) {
        return null;
      }
      sentNanos = nowNanos;
      return Operation.newBuilder()
          .setId(id)
          .setRenew(RenewRequest.newBuilder().setGrant(ProtoConverter.toProto(ref)))
          .build();
    }

    @Override
    public void answered(Result result, long countedFromNanos) {
      running.remove(this);
      RenewResponse response = result.getRenew();
      if (result.hasFailure()) {
        failed(this, result.getFailure());
      } else if (response.hasRenewed()) {
        context.metrics.renewalEnded("renewed");
        done();
        long from = countedFromNanos == 0 ? sentNanos : countedFromNanos;
        listener.renewed(LeaseWindow.of(response.getRenewed(), from));
      } else if (response.hasLost()) {
        context.metrics.renewalEnded("lost");
        listener.lost(ProtoConverter.loss(response.getLost()));
      } else {
        again(this, PAUSE_NANOS, "an answer newer than this client");
      }
    }

    @Override
    public void undelivered() {
      running.remove(this);
      again(this, 0, context.replicas.lastFailure());
    }
  }

  private void failed(Attempt ended, Failure failure) {
    context.metrics.renewalEnded("failed");
    if (CallFailure.isDraining(failure)) {
      context.replicas.leave(ended.session);
      again(ended, 0, failure.getMessage());
      return;
    }
    long asked = Math.max(PAUSE_NANOS, ProtoConverter.nanos(failure.getRetryAfter()));
    long most = Math.max(PAUSE_NANOS, ended.window.ttlNanos() / (2 * TRY_PART));
    long pause = Math.min(asked << Math.min(failures.getAndIncrement(), MOST_DOUBLINGS), most);
    again(ended, context.pauseNanos(pause / 2), failure.getMessage());
  }

  /** Whatever else is on its way is not needed any more. */
  private void done() {
    retryNanos = 0;
    failures.set(0);
    current = null;
  }

  private void again(Attempt ended, long pauseNanos, String why) {
    lastFailure = why;
    if (current == ended) {
      retryNanos = context.clock.nanos() + pauseNanos;
      current = null;
      listener.sooner();
    }
  }
}
