package dev.fencepost.server.service.grant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.LockName;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Guesses of one client beside the renewals of another. */
class HolderTurnsTest {
  private final HolderTurns turns = new HolderTurns();
  private final List<CompletableFuture<String>> started = new ArrayList<>();

  private CompletionStage<String> start(String client, String lock) {
    return turns.start(
        client,
        new LockName(lock),
        () -> {
          CompletableFuture<String> command = new CompletableFuture<>();
          started.add(command);
          return command;
        });
  }

  @Test
  void commandsOfOneClientOnOneLock_startOneAfterTheOther() {
    CompletionStage<String> first = start("guesser", "a");
    CompletionStage<String> second = start("guesser", "a");
    CompletionStage<String> third = start("guesser", "a");
    assertThat(started).hasSize(1);

    started.get(0).complete("first");
    assertThat(first.toCompletableFuture()).isCompletedWithValue("first");
    assertThat(started).hasSize(2);
    started.get(1).completeExceptionally(new IllegalStateException("made by the test"));
    assertThat(second.toCompletableFuture()).isCompletedExceptionally();
    assertThat(started).hasSize(3);
    started.get(2).complete("third");
    assertThat(third.toCompletableFuture()).isCompletedWithValue("third");
  }

  @Test
  void otherClientsAndOtherLocks_doNotWait() {
    start("guesser", "a");
    start("guesser", "a");

    start("holder", "a");
    start("guesser", "b");

    assertThat(started).hasSize(3);
  }

  @Test
  void commandThatThrows_failsAndKeepsNoLaterOneWaiting() {
    CompletionStage<String> thrown =
        turns.start(
            "holder",
            new LockName("a"),
            () -> {
              throw new IllegalStateException("made by the test");
            });

    assertThat(thrown.toCompletableFuture()).isCompletedExceptionally();
    start("holder", "a");
    assertThat(started).hasSize(1);
  }
}
