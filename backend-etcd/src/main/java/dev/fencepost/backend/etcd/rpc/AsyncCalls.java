package dev.fencepost.backend.etcd.rpc;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Helpers for asynchronous calls and their failures. */
public final class AsyncCalls {

  private AsyncCalls() {}

  /**
   * Runs the call. An exception becomes a failed stage, so that in-flight counters stay correct.
   */
  public static <T> CompletionStage<T> start(Supplier<CompletionStage<T>> call) {
    try {
      return call.get();
    } catch (RuntimeException e) {
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
}
