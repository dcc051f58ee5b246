package dev.fencepost.client;

import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A single call that changes nothing if it is repeated: asked of a lock's replica, or of another if
 * that does not answer, until the call timeout is over.
 */
final class Question<Q, A> implements Due {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long SHORTEST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final ClientParts parts;
  private final long lockHash;
  private final MethodDescriptor<Q, A> method;
  private final Q request;
  private final long untilNanos;
  private final CompletableFuture<A> answer = new CompletableFuture<>();
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
    Question<Q, A> question = new Question<>(parts, Rendezvous.hash(name), method, request);
    parts.questions.add(question);
    if (parts.isClosed()) {
      question.abandon();
    }
    question.send();
    return Waiting.on(parts.callbacks, question.answer);
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
      send();
    }
  }

  private void send() {
    ManagedChannel channel = parts.replicas.channel(lockHash);
    long left = untilNanos - parts.clock.nanos();
    if (channel == null || left < SHORTEST_NANOS) {
      again();
      return;
    }
    Waiting.whenDone(
        Unary.call(channel, method, request, left),
        (value, failure) -> {
          if (value != null) {
            parts.questions.remove(this);
            answer.complete(value);
          } else if (failure instanceof Unary.StatusFailure e) {
            failed(e.status());
          }
        });
  }

  private void failed(Status status) {
    Trouble trouble = Trouble.of(status);
    lastTrouble = trouble.message();
    if (trouble.isPassing()) {
      again();
    } else {
      fail(trouble.toException());
    }
  }

  private void again() {
    retryNanos = parts.clock.nanos() + parts.pauseNanos(PAUSE_NANOS);
    parts.questions.touch(this);
  }

  private void fail(RuntimeException why) {
    parts.questions.remove(this);
    answer.completeExceptionally(why);
  }
}
