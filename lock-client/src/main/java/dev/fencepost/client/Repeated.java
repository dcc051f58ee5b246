package dev.fencepost.client;

import dev.fencepost.proto.v1.Failure;
import dev.fencepost.proto.v1.Operation;
import dev.fencepost.proto.v1.Result;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * An operation that is repeated, on whichever session there is, until it is answered or its time is
 * over. If the answer is overdue and the session gives no sign of life, the operation is sent
 * through another; what the first may still answer is not heard. Thread-safe.
 *
 * @param <T> its answer
 */
abstract class Repeated<T> implements Due {
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How long a try may take, as a part of the time that there is. */
  private static final int TRY_PART = 6;

  private final ClientParts parts;
  private final DueSet<Repeated<?>> set;
  private final long lockHash;
  private final Pending.Lane lane;
  private final long untilNanos;
  private final long tryNanos;
  private final CompletableFuture<T> answer = new CompletableFuture<>();
  private final AtomicReference<@Nullable Leg> leg = new AtomicReference<>();
  private volatile long retryNanos = ClientClock.NEVER;

  Repeated(ClientParts parts, long lockHash, Pending.Lane lane, long untilNanos) {
    this.parts = parts;
    this.set = parts.repeated;
    this.lockHash = lockHash;
    this.lane = lane;
    this.untilNanos = untilNanos;
    this.tryNanos = Math.min(LONGEST_TRY_NANOS, (untilNanos - parts.clock.nanos()) / TRY_PART);
  }

  /** What to send. */
  abstract Operation.Builder operation(long nowNanos);

  /**
   * The answer that a result means; null if it means none, and the operation is repeated.
   *
   * @throws FencepostException which the answer fails with
   */
  abstract @Nullable T answer(Result result, long countedFromNanos);

  /** What the answer fails with when the time is over. */
  abstract RuntimeException late();

  /** Completes on the thread that learns of it. */
  final CompletableFuture<T> answer() {
    return answer;
  }

  /** Sends it to the lock's replica. */
  final void begin() {
    begin(null);
  }

  /** Sends it to that session first, if it is open. */
  final void begin(@Nullable Session first) {
    set.add(this);
    sendTo(first == null || !first.isOpenForMore() ? way() : first);
  }

  /** It is not waited for any more. */
  final void abandon() {
    fail(late());
  }

  /** There may be a way now, for one that found none before. */
  final void nudge() {
    if (retryNanos == ClientClock.NEVER && leg.get() == null) {
      retryNanos = Agenda.afterRoundOf(parts.clock.nanos());
      set.touch(this);
    }
  }

  @Override
  public final long dueNanos() {
    Leg waited = leg.get();
    long overdue = waited == null ? ClientClock.NEVER : waited.overdueNanos;
    return Math.min(untilNanos, Math.min(retryNanos, overdue));
  }

  @Override
  public final void run(long nowNanos) {
    if (nowNanos >= untilNanos) {
      fail(late());
    } else if (nowNanos >= retryNanos) {
      retryNanos = ClientClock.NEVER;
      sendTo(way());
    } else {
      Leg waited = leg.get();
      if (waited != null && nowNanos >= waited.overdueNanos) {
        overdue(waited, nowNanos);
      }
    }
  }

  /** The server is asked whether it lives; if it does not say so, another way is looked for. */
  private void overdue(Leg waited, long nowNanos) {
    waited.overdueNanos = nowNanos + RETRY_NANOS;
    if (!waited.session.isSuspect()) {
      parts.replicas.suspect(waited.session, tryNanos);
      return;
    }
    Session other = parts.replicas.openSoon(lockHash);
    if (other != null && other != waited.session) {
      Leg next = new Leg(other, nowNanos + tryNanos);
      if (leg.compareAndSet(waited, next)) {
        other.send(next);
      }
    }
  }

  private @Nullable Session way() {
    return parts.replicas.route(lockHash);
  }

  private void sendTo(@Nullable Session session) {
    if (session == null || answer.isDone()) {
      return;
    }
    Leg next = new Leg(session, parts.clock.nanos() + tryNanos);
    if (leg.compareAndSet(null, next)) {
      session.send(next);
      set.touch(this);
    }
  }

  /** On its way to one session. */
  private final class Leg implements Pending {
    private final Session session;
    private volatile long overdueNanos;
    private volatile long sentNanos;

    Leg(Session session, long overdueNanos) {
      this.session = session;
      this.overdueNanos = overdueNanos;
    }

    @Override
    public Lane lane() {
      return lane;
    }

    @Override
    public Operation toWire(long id, long nowNanos) {
      sentNanos = nowNanos;
      return operation(nowNanos).setId(id).build();
    }

    @Override
    public void answered(Result result, long countedFromNanos) {
      Leg decided = new Leg(session, ClientClock.NEVER);
      if (!leg.compareAndSet(this, decided)) {
        return;
      }
      if (result.hasFailure()) {
        failed(decided, result.getFailure());
        return;
      }
      try {
        T value =
            Repeated.this.answer(result, countedFromNanos == 0 ? sentNanos : countedFromNanos);
        if (value == null) {
          again(decided, ClientClock.NEVER);
        } else {
          finish(value);
        }
      } catch (FencepostException e) {
        fail(e);
      }
    }

    @Override
    public void undelivered() {
      again(this, ClientClock.NEVER);
    }
  }

  private void failed(Leg ended, Failure failure) {
    Trouble trouble = Trouble.of(failure);
    if (Trouble.isDraining(failure)) {
      parts.replicas.leave(ended.session);
      again(ended, ClientClock.NEVER);
    } else if (trouble.isPassing() || trouble.kind() == Trouble.Kind.LIMIT) {
      long pause = Math.max(RETRY_NANOS, trouble.retryAfter().toNanos());
      again(ended, parts.clock.nanos() + parts.pauseNanos(pause));
    } else {
      fail(trouble.toException());
    }
  }

  private void again(Leg ended, long whenNanos) {
    if (leg.get() != ended) {
      return;
    }
    retryNanos = whenNanos;
    if (!leg.compareAndSet(ended, null)) {
      return;
    }
    if (whenNanos == ClientClock.NEVER) {
      sendTo(way());
    } else {
      set.touch(this);
    }
  }

  private void finish(T value) {
    set.remove(this);
    answer.complete(value);
    parts.gate.changed();
  }

  private void fail(RuntimeException failure) {
    set.remove(this);
    answer.completeExceptionally(failure);
    parts.gate.changed();
  }
}
