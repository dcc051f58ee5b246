package dev.fencepost.core;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a transition wants done once its monitor is left: commands to the store, answers to callers.
 * So no foreign code ever runs inside a monitor. Not thread-safe; one for each transition.
 */
final class DeferredActions {
  private final List<Runnable> actions = new ArrayList<>(2);

  void add(Runnable action) {
    actions.add(action);
  }

  /**
   * Sends a command and brings back what came of it: an answer or a failure, just one of them. No
   * answer at all is a failure.
   */
  <T> void send(
      Supplier<CompletionStage<T>> command, Consumer<T> answered, Consumer<Throwable> failed) {
    actions.add(
        () ->
            sent(command)
                .whenComplete(
                    (answer, error) -> {
                      if (answer != null) {
                        answered.accept(answer);
                      } else {
                        failed.accept(failure(error));
                      }
                    }));
  }

  void run() {
    actions.forEach(Runnable::run);
  }

  /**
   * A backend that throws instead of failing its stage is treated alike, and so is one without a
   * stage: nobody would wait for an answer that cannot come.
   */
  static <T> CompletionStage<T> sent(Supplier<? extends @Nullable CompletionStage<T>> command) {
    try {
      CompletionStage<T> stage = command.get();
      return stage == null ? CompletableFuture.failedFuture(noAnswer()) : stage;
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    } catch (Error e) {
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_ERROR, "the backend failed", e));
    }
  }

  private static StoreException noAnswer() {
    return new StoreException(Failure.STORE_ERROR, "the backend gave no answer");
  }

  /** Why there is no answer: what a stage failed with, if it did. */
  static Throwable failure(@Nullable Throwable error) {
    if (error == null) {
      return noAnswer();
    }
    Throwable cause = error.getCause();
    return error instanceof CompletionException && cause != null ? cause : error;
  }
}
