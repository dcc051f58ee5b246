package dev.fencepost.lock.spi.support;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A request in a lane, and its answer. Safe for use by many threads. */
final class LaneRequest<Q, A> {
  private final Q request;
  private final CallDeadline deadline;
  private final CompletableFuture<A> answer = new CompletableFuture<>();
  private volatile CallDeadlines.@Nullable PendingCall expiry;

  LaneRequest(Q request, CallDeadline deadline) {
    this.request = request;
    this.deadline = deadline;
  }

  Q request() {
    return request;
  }

  CallDeadline deadline() {
    return deadline;
  }

  CompletableFuture<A> answer() {
    return answer;
  }

  boolean isDone() {
    return answer.isDone();
  }

  /** True if the request timed out, even if no sweep has failed it yet. */
  boolean isOverAt(long nowNanos) {
    return answer.isDone() || deadline.isOverAt(nowNanos);
  }

  /** Lets the request time out. Another thread may answer it at the same time. */
  void expireIn(CallDeadlines deadlines, Supplier<? extends RuntimeException> failure) {
    expiry = deadlines.register(answer, deadline, failure);
    if (answer.isDone()) {
      removeExpiry();
    }
  }

  void complete(A result) {
    answer.complete(result);
    removeExpiry();
  }

  void fail(Throwable error) {
    answer.completeExceptionally(error);
    removeExpiry();
  }

  /** To be called after the answer is complete: {@link #expireIn} looks at it last. */
  private void removeExpiry() {
    CallDeadlines.PendingCall entry = expiry;
    if (entry != null) {
      entry.remove();
    }
  }
}
