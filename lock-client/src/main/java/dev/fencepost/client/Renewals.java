package dev.fencepost.client;

import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Loss;
import dev.fencepost.proto.v1.Failure;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.RenewRequest;
import dev.fencepost.proto.v1.RenewResponse;
import dev.fencepost.proto.v1.Result;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Renews one grant, one try at a time: what is not answered soon is tried through another replica,
 * what failed is tried again after a pause. Thread-safe.
 */
final class Renewals {
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** How long a try may take, as a part of the lease. */
  private static final int TRY_PART = 6;

  /** Whose grant it is. */
  interface Keeper {
    /** Whether it is still to be renewed. */
    boolean isWanted();

    /** The lease was extended. */
    void renewed(LeaseSpan span);

    /** The grant is gone. */
    void lost(Loss why);

    /** The next try is due earlier than was known. */
    void sooner();
  }

  private final ClientParts parts;
  private final long lockHash;
  private final GrantRef ref;
  private final Keeper keeper;
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
    Try running = current;
    return running == null ? Math.max(span.renewAtNanos(), retryNanos) : running.overdueNanos;
  }

  /** Sends a renewal; one that is on its way is overdue. */
  void send(LeaseSpan span, long nowNanos) {
    Try overdue = current;
    if (overdue != null) {
      overdue.session.suspect();
      lastTrouble = "a renewal was not answered";
    }
    Session session = parts.replicas.routeNow(lockHash);
    if (session == null) {
      lastTrouble = parts.replicas.lastFailure();
      current = null;
      retryNanos = nowNanos + PAUSE_NANOS;
      return;
    }
    Try next = new Try(session, span, nowNanos);
    current = next;
    session.send(next);
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
    private final long overdueNanos;
    private volatile long sentNanos;

    Try(Session session, LeaseSpan span, long nowNanos) {
      this.session = session;
      this.span = span;
      this.overdueNanos = nowNanos + Math.min(LONGEST_TRY_NANOS, span.ttlNanos() / TRY_PART);
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
      RenewResponse response = result.getRenew();
      if (result.hasFailure()) {
        failed(this, result.getFailure());
      } else if (response.hasRenewed()) {
        parts.metrics.renewalEnded("renewed");
        done(this);
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
    again(ended, parts.pauseNanos(Math.min(asked, most) / 2), failure.getMessage());
  }

  private void done(Try ended) {
    retryNanos = 0;
    if (current == ended) {
      current = null;
    }
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
