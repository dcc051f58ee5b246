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

/** From futures that complete on the transport's threads to the user's. */
public final class ClientFutures {
  private ClientFutures() {}

  /** Waits for an answer; what it failed with is thrown as it is. */
  public static <T> T forAnswer(CompletableFuture<T> answer) throws InterruptedException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw unchecked(e.getCause());
    }
  }

  /**
   * Waits for an answer at most so long, whatever it is; an interrupt is kept for later.
   *
   * @return empty if there is none in time, or it failed
   */
  public static <T> Optional<T> uninterruptibly(CompletableFuture<T> answer, long nanos) {
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

  /** A future of the user's own, whose dependents run on the executor. */
  public static <T> CompletableFuture<T> on(Executor executor, CompletableFuture<T> answer) {
    CompletableFuture<T> mine = new CompletableFuture<>();
    whenDone(
        answer,
        (value, failure) ->
            executor.execute(
                () -> {
                  if (failure == null) {
                    mine.complete(value);
                  } else {
                    mine.completeExceptionally(unwrapped(failure));
                  }
                }));
    return mine;
  }

  /** Does something when the stage is complete; the action must not fail. */
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
