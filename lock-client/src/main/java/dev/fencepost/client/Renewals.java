package dev.fencepost.client;

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
final class Renewals {
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** How long a try may take, as a part of the lease. */
  private static final int TRY_PART = 6;

  private static final int MOST_DOUBLINGS = 5;

  /** Whose grant it is. */
  interface Keeper {
    /** Whether it is still to be renewed. */
    boolean isWanted();

    /** The lease was extended. */
    void renewed(LeaseSpan span);

    /** The grant is gone. */
    void lost(GrantLoss why);

    /** The next try is due earlier than was known. */
    void sooner();
  }

  private final ClientParts parts;
  private final long lockHash;
  private final GrantRef ref;
  private final Keeper keeper;

  /** Those without an answer, at most one for each session. */
  private final List<Try> running = new CopyOnWriteArrayList<>();

  /** Since the last success. */
  private final AtomicInteger failures = new AtomicInteger();

  private volatile @Nullable Try current;
  private volatile long retryNanos;
  private volatile String lastTrouble = "";

  Renewals(ClientParts parts, long lockHash, GrantRef ref, Keeper keeper) {
    this.parts = parts;
    this.lockHash = lockHash;
    this.ref = ref;
    this.keeper = keeper;
  }

  /** When something is to be done about a lease. */
  long dueNanos(LeaseSpan span) {
    Try waited = current;
    return waited == null ? Math.max(span.renewAtNanos(), retryNanos) : waited.overdueNanos;
  }

  /** Sends a renewal; one that is on its way is overdue. */
  void send(LeaseSpan span, long nowNanos) {
    Try overdue = current;
    if (overdue != null) {
      parts.replicas.suspect(overdue.session, tryNanos(span));
      lastTrouble = "a renewal was not answered";
    }
    // The server that is asked may answer at once, so other connections are made after a pause.
    Session session =
        overdue == null ? parts.replicas.openSoon(lockHash) : parts.replicas.open(lockHash);
    if (session == null) {
      lastTrouble = parts.replicas.lastFailure();
      current = null;
      retryNanos = nowNanos + PAUSE_NANOS;
      return;
    }
    Try next = runningOn(session);
    if (next == null) {
      next = new Try(session, span);
      next.awaitFrom(nowNanos);
      running.add(next);
      current = next;
      session.send(next);
    } else {
      next.awaitFrom(nowNanos);
      current = next;
    }
  }

  private @Nullable Try runningOn(Session session) {
    for (Try each : running) {
      if (each.session == session) {
        return each;
      }
    }
    return null;
  }

  private static long tryNanos(LeaseSpan span) {
    return Math.min(LONGEST_TRY_NANOS, span.ttlNanos() / TRY_PART);
  }

  /** There may be a way now for one that found none before. */
  void nudge() {
    if (current == null && retryNanos > 0) {
      retryNanos = 0;
      keeper.sooner();
    }
  }

  /** What was in the way last, for people; empty if nothing was. */
  String lastTrouble() {
    return lastTrouble;
  }

  /** A renewal on its way. */
  private final class Try implements Pending {
    private final Session session;
    private final LeaseSpan span;
    private volatile long overdueNanos;
    private volatile long sentNanos;

    Try(Session session, LeaseSpan span) {
      this.session = session;
      this.span = span;
    }

    void awaitFrom(long nowNanos) {
      overdueNanos = nowNanos + tryNanos(span);
    }

    @Override
    public Lane lane() {
      return Lane.RENEW;
    }

    @Override
    public @Nullable Operation toWire(long id, long nowNanos) {
      if (!keeper.isWanted()) {
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
      running.remove(this);
      RenewResponse response = result.getRenew();
      if (result.hasFailure()) {
        failed(this, result.getFailure());
      } else if (response.hasRenewed()) {
        parts.metrics.renewalEnded("renewed");
        done();
        long from = countedFromNanos == 0 ? sentNanos : countedFromNanos;
        keeper.renewed(LeaseSpan.of(response.getRenewed(), from));
      } else if (response.hasLost()) {
        parts.metrics.renewalEnded("lost");
        keeper.lost(Wire.loss(response.getLost()));
      } else {
        again(this, PAUSE_NANOS, "an answer newer than this client");
      }
    }

    @Override
    public void undelivered() {
      running.remove(this);
      again(this, 0, parts.replicas.lastFailure());
    }
  }

  private void failed(Try ended, Failure failure) {
    parts.metrics.renewalEnded("failed");
    if (Trouble.isDraining(failure)) {
      parts.replicas.leave(ended.session);
      again(ended, 0, failure.getMessage());
      return;
    }
    long asked = Math.max(PAUSE_NANOS, Wire.nanos(failure.getRetryAfter()));
    long most = Math.max(PAUSE_NANOS, ended.span.ttlNanos() / (2 * TRY_PART));
    long pause = Math.min(asked << Math.min(failures.getAndIncrement(), MOST_DOUBLINGS), most);
    again(ended, parts.pauseNanos(pause / 2), failure.getMessage());
  }

  /** Whatever else is on its way is not needed any more. */
  private void done() {
    retryNanos = 0;
    failures.set(0);
    current = null;
  }

  private void again(Try ended, long pauseNanos, String why) {
    lastTrouble = why;
    if (current == ended) {
      retryNanos = parts.clock.nanos() + pauseNanos;
      current = null;
      keeper.sooner();
    }
  }
}
