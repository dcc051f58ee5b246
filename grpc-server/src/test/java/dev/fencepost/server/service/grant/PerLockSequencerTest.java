package dev.fencepost.server.service.grant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Operations on one lock, some of which throw when they are started. */
final class PerLockSequencerTest {
  private final PerLockSequencer sequencer = new PerLockSequencer();
  private final List<String> started = new ArrayList<>();

  @Test
  void releaseThatThrows_keepsNoLaterOperationWaiting() {
    sequencer.startRelease("a", PerLockSequencerTest::fail);
    sequencer.start("a", () -> started.add("next"));
    assertThat(started).containsExactly("next");
  }

  @Test
  void operationThatThrowsAfterItWaited_keepsNoLaterOneWaiting() {
    CompletableFuture<Boolean> release = new CompletableFuture<>();
    sequencer.startRelease("a", () -> release);
    sequencer.start("a", PerLockSequencerTest::fail);
    sequencer.startRelease("a", PerLockSequencerTest::fail);
    sequencer.start("a", () -> started.add("next"));

    release.complete(true);

    assertThat(started).containsExactly("next");
  }

  private static CompletionStage<Boolean> fail() {
    throw new IllegalStateException("thrown by the test");
  }
}
