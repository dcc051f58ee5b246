package dev.fencepost.lock.spi.support;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Helpers for asynchronous calls and their failures. */
public final class AsyncCalls {
  private AsyncCalls() {}

  /**
   * Starts the call. What it throws becomes a failed stage, so that counters of calls in flight
   * stay correct. So does no stage at all.
   */
  public static <T> CompletionStage<T> start(Supplier<? extends CompletionStage<T>> call) {
    try {
      return Objects.requireNonNull(call.get(), "a call without a stage");
    } catch (RuntimeException | Error e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Returns the failure without the {@link CompletionException}s that stages wrap around it. */
  public static Throwable cause(Throwable error) {
    Throwable cause = error;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** Returns the results of all stages in their order, or the failure of one of them. */
  public static <T> CompletableFuture<List<T>> all(List<? extends CompletionStage<T>> stages) {
    List<CompletableFuture<T>> futures =
        stages.stream().map(CompletionStage::toCompletableFuture).toList();
    return CompletableFuture.allOf(futures.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> futures.stream().map(CompletableFuture::join).toList());
  }
}
