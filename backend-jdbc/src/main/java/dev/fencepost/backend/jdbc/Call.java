package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A question on its way, and the one who waits for its answer. The thread that asks settles it and,
 * once the answer is durable, tells it; another may fail it meanwhile.
 */
final class Call<T> {
  private final Question<T> question;
  private final long askedNanos;
  private final CompletableFuture<T> answer = new CompletableFuture<>();
  private @Nullable T settled;

  /** A question asked at this moment of {@link System#nanoTime()}. */
  Call(Question<T> question, long askedNanos) {
    this.question = question;
    this.askedNanos = askedNanos;
  }

  Question<T> question() {
    return question;
  }

  CompletionStage<T> answer() {
    return answer;
  }

  boolean isOver() {
    return answer.isDone();
  }

  boolean isOlderThan(long nanos, long nowNanos) {
    return nowNanos - askedNanos >= nanos;
  }

  /** Notes the answer; a repetition may note another. */
  void settle(T outcome) {
    settled = outcome;
  }

  /** Tells the answer that was noted. */
  void tell() {
    T outcome = settled;
    if (outcome == null) {
      fail(new StoreException(Failure.STORE_ERROR, "the store left a question unanswered"));
    } else {
      answer.complete(outcome);
    }
  }

  void fail(RuntimeException failure) {
    answer.completeExceptionally(failure);
  }
}
