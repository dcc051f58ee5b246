package dev.fencepost.client.internal.time;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits for futures that complete on the transport's threads, and passes their results to the
 * user's threads.
 */
public final class ClientFutures {
  private ClientFutures() {}

  /** Waits for an answer and throws its failure unchanged. */
  public static <T> T awaitResult(CompletableFuture<T> answer) throws InterruptedException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw unchecked(e.getCause());
    }
  }

  /**
   * Waits for an answer at most this long. An interrupt does not end the wait; the flag is set
   * again at its end.
   *
   * @return empty if there is no answer in time, or it is a failure
   */
  public static <T> Optional<T> awaitUninterruptibly(CompletableFuture<T> answer, long nanos) {
    long end = System.nanoTime() + nanos;
    boolean isInterrupted = false;
    try {
      while (true) {
        try {
          return Optional.of(answer.get(end - System.nanoTime(), TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
          isInterrupted = true;
        } catch (ExecutionException | TimeoutException e) {
          return Optional.empty();
        }
      }
    } finally {
      if (isInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Returns a future for the user that completes on the executor, so that dependent stages run
   * there.
   */
  public static <T> CompletableFuture<T> completeOn(
      Executor executor, CompletableFuture<T> answer) {
    CompletableFuture<T> forUser = new CompletableFuture<>();
    whenDone(
        answer,
        (value, failure) ->
            executor.execute(
                () -> {
                  if (failure == null) {
                    forUser.complete(value);
                  } else {
                    forUser.completeExceptionally(unwrapped(failure));
                  }
                }));
    return forUser;
  }

  /** Runs the action when the stage is complete. The action must not throw. */
  public static <T> void whenDone(
      CompletionStage<T> stage, BiConsumer<@Nullable T, @Nullable Throwable> action) {
    CompletionStage<T> unused = stage.whenComplete(action);
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof CompletionException && cause != null ? cause : failure;
  }

  private static RuntimeException unchecked(@Nullable Throwable cause) {
    if (cause instanceof RuntimeException e) {
      return e;
    }
    return new IllegalStateException(cause);
  }
}
