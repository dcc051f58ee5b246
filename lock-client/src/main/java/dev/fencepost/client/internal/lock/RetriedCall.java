package dev.fencepost.client.internal.lock;

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
 * A single call that changes nothing if it is repeated: asked of a lock's replica until the call
 * timeout is over, and of another as well if that does not answer soon. No session is asked twice
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

  /** Those that have yet to answer. */
  private final Set<SessionStream> asked = ConcurrentHashMap.newKeySet();

  private volatile @Nullable SessionStream askedLast;
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

  /** Asks; what depends on the future runs on the callback executor. */
  static <Q, A> CompletableFuture<A> ask(
      ClientContext context, String name, MethodDescriptor<Q, A> method, Q request) {
    context.requireOpen();
    return ClientFutures.on(
        context.callbacks, begin(context, RendezvousHash.hash(name), method, request));
  }

  /** As {@link #ask}, for ourselves: completes on the thread that learns of the answer. */
  static <Q, A> CompletableFuture<A> begin(
      ClientContext context, long lockHash, MethodDescriptor<Q, A> method, Q request) {
    RetriedCall<Q, A> call = new RetriedCall<>(context, lockHash, method, request);
    context.calls.add(call);
    if (context.isClosed()) {
      call.abandon();
    }
    call.send();
    return call.answer;
  }

  /** The client is closing. */
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
      String why = lastFailure.isEmpty() ? context.replicas.lastFailure() : lastFailure;
      fail(new UnavailableException(method.getBareMethodName() + ": " + why, true));
    } else if (nowNanos >= retryNanos) {
      retryNanos = ClientClock.NEVER;
      SessionStream silent = askedLast;
      if (silent != null && asked.contains(silent)) {
        context.replicas.suspect(silent, tryNanos());
      }
      send();
    }
  }

  private void send() {
    SessionStream session = context.replicas.openSoon(lockHash);
    long left = untilNanos - context.clock.nanos();
    if (session == null || session.phase() != SessionStream.Phase.OPEN || left < SHORTEST_NANOS) {
      askedLast = null;
      retryAfter(context.pauseNanos(PAUSE_NANOS));
      return;
    }
    askedLast = session;
    retryAfter(tryNanos());
    if (asked.add(session)) {
      ClientFutures.whenDone(
          AsyncUnaryCalls.call(session.channel(), method, request, left),
          (value, failure) -> ended(session, value, failure));
    }
  }

  private void ended(SessionStream session, @Nullable A value, @Nullable Throwable failure) {
    asked.remove(session);
    if (value != null) {
      context.calls.remove(this);
      answer.complete(value);
    } else if (failure instanceof AsyncUnaryCalls.StatusFailure e) {
      failed(e.status());
    }
  }

  private long tryNanos() {
    return Math.min(LONGEST_TRY_NANOS, context.callTimeoutNanos / TRY_PART);
  }

  private void failed(Status status) {
    CallFailure callFailure = CallFailure.of(status);
    lastFailure = callFailure.message();
    if (callFailure.isPassing()) {
      retryAfter(context.pauseNanos(PAUSE_NANOS));
    } else {
      fail(callFailure.toException());
    }
  }

  private void retryAfter(long nanos) {
    retryNanos = context.clock.nanos() + nanos;
    context.calls.touch(this);
  }

  private void fail(RuntimeException why) {
    context.calls.remove(this);
    answer.completeExceptionally(why);
  }
}
