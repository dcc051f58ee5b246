package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.spi.support.AsyncCalls;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs one call at a time. Callers that come while it is in flight share its outcome. Safe for use
 * by many threads.
 *
 * @param <T> the type of answers
 */
public final class SharedCall<T> {
  private @Nullable CompletableFuture<T> pending;

  /** Begins the call, or waits for the one in flight. */
  public CompletionStage<T> join(Supplier<? extends CompletionStage<T>> call) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    synchronized (this) {
      if (pending != null) {
        return pending;
      }
      pending = answer;
    }
    AsyncCalls.start(call)
        .whenComplete(
            (result, error) -> {
              synchronized (this) {
                pending = null;
              }
              if (error == null) {
                answer.complete(result);
              } else {
                answer.completeExceptionally(AsyncCalls.cause(error));
              }
            });
    return answer;
  }
}
