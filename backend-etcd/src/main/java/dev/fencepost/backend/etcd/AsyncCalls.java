package dev.fencepost.backend.etcd;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** What comes of a call. */
final class AsyncCalls {

  private AsyncCalls() {}

  /** Its answer; what it throws is an answer too, so that whoever counts calls never loses one. */
  static <T> CompletionStage<T> of(Supplier<CompletionStage<T>> call) {
    try {
      return call.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
