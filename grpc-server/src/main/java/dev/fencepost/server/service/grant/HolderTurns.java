package dev.fencepost.server.service.grant;

import dev.fencepost.lock.LockName;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Lets one renewal or release of a client on each lock be at the store at a time. A lock has one
 * holder, so more of them are guesses of claim ids, which would keep the renewal of the holder
 * waiting: stores execute the commands on one lock one after the other. Later ones wait in order.
 * The queues are bounded by the quotas of clients. Thread-safe.
 */
final class HolderTurns {
  /** The number of parts over which locks are spread, so that threads seldom wait. */
  private static final int PARTS = 64;

  private final List<PerLockSequencer> parts =
      Stream.generate(PerLockSequencer::new).limit(PARTS).toList();

  /** Starts a command when the ones before it are done, perhaps at once on this thread. */
  <T> CompletionStage<T> start(String client, LockName lock, Supplier<CompletionStage<T>> command) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    // No address or principal contains a line break.
    String key = lock.value() + '\n' + client;
    parts.get(Math.floorMod(key.hashCode(), PARTS)).startRelease(key, () -> run(command, answer));
    return answer;
  }

  private static <T> CompletionStage<T> run(
      Supplier<CompletionStage<T>> command, CompletableFuture<T> answer) {
    CompletionStage<T> started;
    try {
      started = command.get();
    } catch (RuntimeException e) {
      started = CompletableFuture.failedFuture(e);
    }
    return started.whenComplete(
        (result, failure) -> {
          if (failure == null) {
            answer.complete(result);
          } else {
            answer.completeExceptionally(failure);
          }
        });
  }
}
