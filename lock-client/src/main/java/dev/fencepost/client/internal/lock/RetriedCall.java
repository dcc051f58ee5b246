package dev.fencepost.client.internal.lock;

import dev.fencepost.client.AccessDeniedException;
import dev.fencepost.client.UnavailableException;
import dev.fencepost.client.internal.time.ClientClock;
import dev.fencepost.client.internal.time.ClientFutures;
import dev.fencepost.client.internal.time.TimedItem;
import dev.fencepost.client.internal.transport.AsyncUnaryCalls;
import dev.fencepost.client.internal.transport.CallFailure;
import dev.fencepost.client.internal.transport.RendezvousHash;
import dev.fencepost.client.internal.transport.SessionStream;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An idempotent unary call. It is repeated to the lock's replica until the call timeout is over,
 * and goes to another replica as well if there is no answer soon. A session never carries it twice
 * at a time.
 */
final class RetriedCall<Q, A> implements TimedItem {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long SHORTEST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** After this part of the call timeout another replica is asked. */
  private static final int TRY_PART = 4;

  private final ClientContext context;
  private final long lockHash;
  private final MethodDescriptor<Q, A> method;
  private final Q request;
  private final long untilNanos;
  private final CompletableFuture<A> answer = new CompletableFuture<>();

  /** Sessions without an answer yet. */
  private final Set<SessionStream> unansweredSessions = ConcurrentHashMap.newKeySet();

  private volatile @Nullable SessionStream lastSession;
  private volatile long retryNanos = ClientClock.NEVER;
  private volatile String lastFailure = "";

  private RetriedCall(
      ClientContext context, long lockHash, MethodDescriptor<Q, A> method, Q request) {
    this.context = context;
    this.lockHash = lockHash;
    this.method = method;
    this.request = request;
    this.untilNanos = context.clock.nanos() + context.callTimeoutNanos;
  }

  /** Starts a call for the user. Stages that depend on the future run on the callback executor. */
  static <Q, A> CompletableFuture<A> start(
      ClientContext context, String name, MethodDescriptor<Q, A> method, Q request) {
    context.requireOpen();
    return ClientFutures.completeOn(
        context.callbacks, startInternal(context, RendezvousHash.hash(name), method, request));
  }

  /**
   * As {@link #start}, for the client itself: the future completes on the thread that receives the
   * answer.
   */
  static <Q, A> CompletableFuture<A> startInternal(
      ClientContext context, long lockHash, MethodDescriptor<Q, A> method, Q request) {
    RetriedCall<Q, A> call = new RetriedCall<>(context, lockHash, method, request);
    context.calls.add(call);
    if (context.isClosed()) {
      call.abandon();
    }
    call.send();
    return call.answer;
  }

  /** Fails the call because the client closes. */
  void abandon() {
    fail(new UnavailableException("the client was closed", true));
  }

  @Override
  public long dueNanos() {
    return Math.min(untilNanos, retryNanos);
  }

  @Override
  public void run(long nowNanos) {
    if (nowNanos >= untilNanos) {
      String why = lastFailure.isEmpty() ? context.replicas.failures().text() : lastFailure;
      String text = method.getBareMethodName() + ": " + why;
      boolean isRefused = lastFailure.isEmpty() && context.replicas.failures().isRefused();
      fail(isRefused ? new AccessDeniedException(text) : new UnavailableException(text, true));
    } else if (nowNanos >= retryNanos) {
      retryNanos = ClientClock.NEVER;
      SessionStream silent = lastSession;
      if (silent != null && unansweredSessions.contains(silent)) {
        context.replicas.probeQuietSessions(silent, tryNanos());
      }
      send();
    }
  }

  private void send() {
    SessionStream session = context.replicas.findOpenOrConnect(lockHash);
    long left = untilNanos - context.clock.nanos();
    if (session == null || session.phase() != SessionStream.Phase.OPEN || left < SHORTEST_NANOS) {
      lastSession = null;
      retryAfter(context.jitteredNanos(PAUSE_NANOS));
      return;
    }
    lastSession = session;
    retryAfter(tryNanos());
    if (unansweredSessions.add(session)) {
      ClientFutures.whenDone(
          AsyncUnaryCalls.call(session.channel(), method, request, left),
          (value, failure) -> onEnded(session, value, failure));
    }
  }

  private void onEnded(SessionStream session, @Nullable A value, @Nullable Throwable failure) {
    unansweredSessions.remove(session);
    if (value != null) {
      context.calls.remove(this);
      answer.complete(value);
    } else if (failure instanceof AsyncUnaryCalls.StatusFailure e) {
      onFailed(e.status());
    }
  }

  private long tryNanos() {
    return Math.min(LONGEST_TRY_NANOS, context.callTimeoutNanos / TRY_PART);
  }

  private void onFailed(Status status) {
    CallFailure callFailure = CallFailure.of(status);
    lastFailure = callFailure.message();
    if (callFailure.isTransient()) {
      retryAfter(context.jitteredNanos(PAUSE_NANOS));
    } else {
      fail(callFailure.toException());
    }
  }

  private void retryAfter(long nanos) {
    retryNanos = context.clock.nanos() + nanos;
    context.calls.reschedule(this);
  }

  private void fail(RuntimeException why) {
    context.calls.remove(this);
    answer.completeExceptionally(why);
  }
}
