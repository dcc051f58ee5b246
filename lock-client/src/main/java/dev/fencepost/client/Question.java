package dev.fencepost.client;

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
final class Question<Q, A> implements Due {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long SHORTEST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_TRY_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** After this part of the call timeout another replica is asked. */
  private static final int TRY_PART = 4;

  private final ClientParts parts;
  private final long lockHash;
  private final MethodDescriptor<Q, A> method;
  private final Q request;
  private final long untilNanos;
  private final CompletableFuture<A> answer = new CompletableFuture<>();

  /** Those that have yet to answer. */
  private final Set<Session> asked = ConcurrentHashMap.newKeySet();

  private volatile @Nullable Session askedLast;
  private volatile long retryNanos = ClientClock.NEVER;
  private volatile String lastTrouble = "";

  private Question(ClientParts parts, long lockHash, MethodDescriptor<Q, A> method, Q request) {
    this.parts = parts;
    this.lockHash = lockHash;
    this.method = method;
    this.request = request;
    this.untilNanos = parts.clock.nanos() + parts.callTimeoutNanos;
  }

  /** Asks; what depends on the future runs on the callback executor. */
  static <Q, A> CompletableFuture<A> ask(
      ClientParts parts, String name, MethodDescriptor<Q, A> method, Q request) {
    parts.requireOpen();
    return Waiting.on(parts.callbacks, begin(parts, Rendezvous.hash(name), method, request));
  }

  /** As {@link #ask}, for ourselves: completes on the thread that learns of the answer. */
  static <Q, A> CompletableFuture<A> begin(
      ClientParts parts, long lockHash, MethodDescriptor<Q, A> method, Q request) {
    Question<Q, A> question = new Question<>(parts, lockHash, method, request);
    parts.questions.add(question);
    if (parts.isClosed()) {
      question.abandon();
    }
    question.send();
    return question.answer;
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
      String why = lastTrouble.isEmpty() ? parts.replicas.lastFailure() : lastTrouble;
      fail(new UnavailableException(method.getBareMethodName() + ": " + why, true));
    } else if (nowNanos >= retryNanos) {
      retryNanos = ClientClock.NEVER;
      Session silent = askedLast;
      if (silent != null && asked.contains(silent)) {
        parts.replicas.suspect(silent, tryNanos());
      }
      send();
    }
  }

  private void send() {
    Session session = parts.replicas.openSoon(lockHash);
    long left = untilNanos - parts.clock.nanos();
    if (session == null || session.phase() != Session.Phase.OPEN || left < SHORTEST_NANOS) {
      askedLast = null;
      retryAfter(parts.pauseNanos(PAUSE_NANOS));
      return;
    }
    askedLast = session;
    retryAfter(tryNanos());
    if (asked.add(session)) {
      Waiting.whenDone(
          Unary.call(session.channel(), method, request, left),
          (value, failure) -> ended(session, value, failure));
    }
  }

  private void ended(Session session, @Nullable A value, @Nullable Throwable failure) {
    asked.remove(session);
    if (value != null) {
      parts.questions.remove(this);
      answer.complete(value);
    } else if (failure instanceof Unary.StatusFailure e) {
      failed(e.status());
    }
  }

  private long tryNanos() {
    return Math.min(LONGEST_TRY_NANOS, parts.callTimeoutNanos / TRY_PART);
  }

  private void failed(Status status) {
    Trouble trouble = Trouble.of(status);
    lastTrouble = trouble.message();
    if (trouble.isPassing()) {
      retryAfter(parts.pauseNanos(PAUSE_NANOS));
    } else {
      fail(trouble.toException());
    }
  }

  private void retryAfter(long nanos) {
    retryNanos = parts.clock.nanos() + nanos;
    parts.questions.touch(this);
  }

  private void fail(RuntimeException why) {
    parts.questions.remove(this);
    answer.completeExceptionally(why);
  }
}
