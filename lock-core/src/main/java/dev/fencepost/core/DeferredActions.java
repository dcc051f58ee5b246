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
 * Collects the effects of one transition, to run after its monitor is left: commands to the store,
 * answers to callers. No foreign code ever runs inside a monitor. Not thread-safe; one instance for
 * each transition.
 */
final class DeferredActions {
  private final List<Runnable> actions = new ArrayList<>(2);

  void add(Runnable action) {
    actions.add(action);
  }

  /**
   * Adds a command. Exactly one of the two handlers gets its outcome: an answer or a failure. A
   * stage that completes with null is a failure.
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
   * Runs the command. An exception or a null stage becomes a failed stage, so that no caller waits
   * for an answer that cannot come.
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

  /** Returns why there is no answer: the failure of the stage, without its wrapper. */
  static Throwable failure(@Nullable Throwable error) {
    if (error == null) {
      return noAnswer();
    }
    Throwable cause = error.getCause();
    return error instanceof CompletionException && cause != null ? cause : error;
  }
}
