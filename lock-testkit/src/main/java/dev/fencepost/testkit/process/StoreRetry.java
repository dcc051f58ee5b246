package dev.fencepost.testkit.process;

import dev.fencepost.lock.spi.StoreException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.awaitility.Awaitility;

/**
 * Repeats a call to a store while its outcome is unknown, as a server's core does. For calls that
 * are not the subject of a test: earlier tests may have left the store or the machine busy.
 */
public final class StoreRetry {
  private static final Duration PATIENCE = Duration.ofSeconds(45);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private StoreRetry() {}

  /** Returns the first answer to a repeatable call. */
  public static <T> T ask(Supplier<CompletionStage<T>> call) {
    return Awaitility.await()
        .ignoreExceptionsInstanceOf(StoreException.class)
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(PAUSE)
        .until(() -> answer(call.get()), answer -> true);
  }

  private static <T> T answer(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
