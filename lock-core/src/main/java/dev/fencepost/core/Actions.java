package dev.fencepost.core;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What a transition wants done once its monitor is left: commands to the store, answers to callers.
 * So no foreign code ever runs inside a monitor. Not thread-safe; one for each transition.
 */
final class Actions {
  private final List<Runnable> actions = new ArrayList<>(2);

  void add(Runnable action) {
    actions.add(action);
  }

  /** Sends a command and brings back what came of it: an answer or a failure, just one of them. */
  <T> void send(
      Supplier<CompletionStage<T>> command, Consumer<T> answered, Consumer<Throwable> failed) {
    actions.add(
        () ->
            sent(command)
                .whenComplete(
                    (answer, error) -> {
                      if (error != null) {
                        failed.accept(unwrapped(error));
                      } else {
                        answered.accept(answer);
                      }
                    }));
  }

  void run() {
    actions.forEach(Runnable::run);
  }

  /** A store that throws instead of failing its stage is treated alike. */
  static <T> CompletionStage<T> sent(Supplier<CompletionStage<T>> command) {
    try {
      return command.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static Throwable unwrapped(Throwable error) {
    Throwable cause = error.getCause();
    return error instanceof CompletionException && cause != null ? cause : error;
  }
}
