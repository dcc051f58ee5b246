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
 * An operation that is repeated, on any usable session, until it is answered or its time is over.
 * If the answer is overdue and the session gives no sign of life, the operation is sent through
 * another session. A later answer of the first is then ignored. Thread-safe.
 *
 * @param <T> the answer
 */
abstract class RetriedOperation<T> implements TimedItem {
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** The longest time of an attempt, as a part of the whole time. */
  private static final int TRY_PART = 6;

  private final ClientContext context;
  private final TimingWheel<RetriedOperation<?>> wheel;
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
    this.wheel = context.retriedOperations;
    this.lockHash = lockHash;
    this.lane = lane;
    this.untilNanos = untilNanos;
    this.tryNanos = Math.min(LONGEST_TRY_NANOS, (untilNanos - context.clock.nanos()) / TRY_PART);
  }

  /** Creates the message. */
  abstract Operation.Builder operation(long nowNanos);

  /**
   * Converts a result to the answer; null if it contains none and the operation must be repeated.
   *
   * @throws FencepostException if the answer is a failure
   */
  abstract @Nullable T toAnswer(Result result, long countedFromNanos);

  /** Creates the failure for the end of the time. */
  abstract RuntimeException timeoutException();

  /** Completes on the thread that receives the answer. */
  final CompletableFuture<T> answer() {
    return answer;
  }

  /** Sends it to the lock's replica. */
  final void start() {
    start(null);
  }

  /** Sends it to that session first, if it accepts operations. */
  final void start(@Nullable SessionStream first) {
    wheel.add(this);
    sendTo(first == null || !first.acceptsOperations() ? route() : first);
  }

  /** Fails it, because nobody waits for it any more. */
  final void abandon() {
    fail(timeoutException());
  }

  /** Retries soon if no session was found before, because one may be usable now. */
  final void retrySoon() {
    if (retryNanos == ClientClock.NEVER && attempt.get() == null) {
      retryNanos = RoundScheduler.nextRoundAfter(context.clock.nanos());
      wheel.reschedule(this);
    }
  }

  @Override
  public final long dueNanos() {
    Attempt awaited = attempt.get();
    long overdue = awaited == null ? ClientClock.NEVER : awaited.overdueNanos;
    return Math.min(untilNanos, Math.min(retryNanos, overdue));
  }

  @Override
  public final void run(long nowNanos) {
    if (nowNanos >= untilNanos) {
      fail(timeoutException());
    } else if (nowNanos >= retryNanos) {
      retryNanos = ClientClock.NEVER;
      sendTo(route());
    } else {
      Attempt awaited = attempt.get();
      if (awaited != null && nowNanos >= awaited.overdueNanos) {
        onOverdue(awaited, nowNanos);
      }
    }
  }

  /**
   * Probes the server. If that was done already without an answer, sends the operation through
   * another session.
   */
  private void onOverdue(Attempt awaited, long nowNanos) {
    awaited.overdueNanos = nowNanos + RETRY_NANOS;
    if (!awaited.session.isSuspect()) {
      context.replicas.probeQuietSessions(awaited.session, tryNanos);
      return;
    }
    SessionStream other = context.replicas.findOpenOrConnect(lockHash);
    if (other != null && other != awaited.session) {
      Attempt next = new Attempt(other, nowNanos + tryNanos);
      if (attempt.compareAndSet(awaited, next)) {
        other.send(next);
      }
    }
  }

  private @Nullable SessionStream route() {
    return context.replicas.route(lockHash);
  }

  private void sendTo(@Nullable SessionStream session) {
    if (session == null || answer.isDone()) {
      return;
    }
    Attempt next = new Attempt(session, context.clock.nanos() + tryNanos);
    if (attempt.compareAndSet(null, next)) {
      session.send(next);
      wheel.reschedule(this);
    }
  }

  /** The operation in flight on one session. */
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
    public void onResult(Result result, long countedFromNanos) {
      Attempt decided = new Attempt(session, ClientClock.NEVER);
      if (!attempt.compareAndSet(this, decided)) {
        return;
      }
      if (result.hasFailure()) {
        onFailed(decided, result.getFailure());
        return;
      }
      try {
        T value =
            RetriedOperation.this.toAnswer(
                result, countedFromNanos == 0 ? sentNanos : countedFromNanos);
        if (value == null) {
          retryAt(decided, ClientClock.NEVER);
        } else {
          finish(value);
        }
      } catch (FencepostException e) {
        fail(e);
      }
    }

    @Override
    public void onSessionOver() {
      retryAt(this, ClientClock.NEVER);
    }
  }

  private void onFailed(Attempt ended, Failure failure) {
    CallFailure callFailure = CallFailure.of(failure);
    if (CallFailure.isDraining(failure)) {
      context.replicas.markDraining(ended.session);
      retryAt(ended, ClientClock.NEVER);
    } else if (callFailure.isTransient() || callFailure.kind() == CallFailure.Kind.LIMIT) {
      long pause = Math.max(RETRY_NANOS, callFailure.retryAfter().toNanos());
      retryAt(ended, context.clock.nanos() + context.jitteredNanos(pause));
    } else {
      fail(callFailure.toException());
    }
  }

  private void retryAt(Attempt ended, long whenNanos) {
    if (attempt.get() != ended) {
      return;
    }
    retryNanos = whenNanos;
    if (!attempt.compareAndSet(ended, null)) {
      return;
    }
    if (whenNanos == ClientClock.NEVER) {
      sendTo(route());
    } else {
      wheel.reschedule(this);
    }
  }

  private void finish(T value) {
    wheel.remove(this);
    answer.complete(value);
    context.stateCondition.signalChange();
  }

  private void fail(RuntimeException failure) {
    wheel.remove(this);
    answer.completeExceptionally(failure);
    context.stateCondition.signalChange();
  }
}
