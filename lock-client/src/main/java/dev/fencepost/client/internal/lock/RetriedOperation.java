package dev.fencepost.client.internal.lock;

import dev.fencepost.client.FencepostException;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.RoundScheduler;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.client.internal.time.TimingWheel;
import dev.fencepost.client.internal.transport.CallFailure;
import dev.fencepost.client.internal.transport.PendingOperation;
import dev.fencepost.client.internal.transport.SessionStream;
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
abstract class RetriedOperation<T> implements TimedItem {
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How long a try may take, as a part of the time that there is. */
  private static final int TRY_PART = 6;

  private final ClientContext context;
  private final TimingWheel<RetriedOperation<?>> set;
  private final long lockHash;
  private final PendingOperation.Lane lane;
  private final long untilNanos;
  private final long tryNanos;
  private final CompletableFuture<T> answer = new CompletableFuture<>();
  private final AtomicReference<@Nullable Attempt> attempt = new AtomicReference<>();
  private volatile long retryNanos = ClientClock.NEVER;

  RetriedOperation(
      ClientContext context, long lockHash, PendingOperation.Lane lane, long untilNanos) {
    this.context = context;
    this.set = context.retriedOperations;
    this.lockHash = lockHash;
    this.lane = lane;
    this.untilNanos = untilNanos;
    this.tryNanos = Math.min(LONGEST_TRY_NANOS, (untilNanos - context.clock.nanos()) / TRY_PART);
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
  final void begin(@Nullable SessionStream first) {
    set.add(this);
    sendTo(first == null || !first.isOpenForMore() ? way() : first);
  }

  /** It is not waited for any more. */
  final void abandon() {
    fail(late());
  }

  /** There may be a way now, for one that found none before. */
  final void nudge() {
    if (retryNanos == ClientClock.NEVER && attempt.get() == null) {
      retryNanos = RoundScheduler.afterRoundOf(context.clock.nanos());
      set.touch(this);
    }
  }

  @Override
  public final long dueNanos() {
    Attempt waited = attempt.get();
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
      Attempt waited = attempt.get();
      if (waited != null && nowNanos >= waited.overdueNanos) {
        overdue(waited, nowNanos);
      }
    }
  }

  /** The server is asked whether it lives; if it does not say so, another way is looked for. */
  private void overdue(Attempt waited, long nowNanos) {
    waited.overdueNanos = nowNanos + RETRY_NANOS;
    if (!waited.session.isSuspect()) {
      context.replicas.suspect(waited.session, tryNanos);
      return;
    }
    SessionStream other = context.replicas.openSoon(lockHash);
    if (other != null && other != waited.session) {
      Attempt next = new Attempt(other, nowNanos + tryNanos);
      if (attempt.compareAndSet(waited, next)) {
        other.send(next);
      }
    }
  }

  private @Nullable SessionStream way() {
    return context.replicas.route(lockHash);
  }

  private void sendTo(@Nullable SessionStream session) {
    if (session == null || answer.isDone()) {
      return;
    }
    Attempt next = new Attempt(session, context.clock.nanos() + tryNanos);
    if (attempt.compareAndSet(null, next)) {
      session.send(next);
      set.touch(this);
    }
  }

  /** On its way to one session. */
  private final class Attempt implements PendingOperation {
    private final SessionStream session;
    private volatile long overdueNanos;
    private volatile long sentNanos;

    Attempt(SessionStream session, long overdueNanos) {
      this.session = session;
      this.overdueNanos = overdueNanos;
    }

    @Override
    public Lane lane() {
      return lane;
    }

    @Override
    public Operation toProto(long id, long nowNanos) {
      sentNanos = nowNanos;
      return operation(nowNanos).setId(id).build();
    }

    @Override
    public void answered(Result result, long countedFromNanos) {
      Attempt decided = new Attempt(session, ClientClock.NEVER);
      if (!attempt.compareAndSet(this, decided)) {
        return;
      }
      if (result.hasFailure()) {
        failed(decided, result.getFailure());
        return;
      }
      try {
        T value =
            RetriedOperation.this.answer(
                result, countedFromNanos == 0 ? sentNanos : countedFromNanos);
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

  private void failed(Attempt ended, Failure failure) {
    CallFailure callFailure = CallFailure.of(failure);
    if (CallFailure.isDraining(failure)) {
      context.replicas.leave(ended.session);
      again(ended, ClientClock.NEVER);
    } else if (callFailure.isPassing() || callFailure.kind() == CallFailure.Kind.LIMIT) {
      long pause = Math.max(RETRY_NANOS, callFailure.retryAfter().toNanos());
      again(ended, context.clock.nanos() + context.pauseNanos(pause));
    } else {
      fail(callFailure.toException());
    }
  }

  private void again(Attempt ended, long whenNanos) {
    if (attempt.get() != ended) {
      return;
    }
    retryNanos = whenNanos;
    if (!attempt.compareAndSet(ended, null)) {
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
    context.stateCondition.changed();
  }

  private void fail(RuntimeException failure) {
    set.remove(this);
    answer.completeExceptionally(failure);
    context.stateCondition.changed();
  }
}
