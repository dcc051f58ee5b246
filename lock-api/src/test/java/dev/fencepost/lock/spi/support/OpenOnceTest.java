package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.StoreOpener.OpenedStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class OpenOnceTest {
  private static final LockName LOCK = new LockName("lock");

  private final RecordingStore store = new RecordingStore();
  private final List<CompletableFuture<OpenedStore<RecordingStore>>> attempts = new ArrayList<>();
  private int abandoned;
  private final OpenOnce<RecordingStore> backend =
      new OpenOnce<>(
          new StoreOpener<>() {
            @Override
            public CompletionStage<OpenedStore<RecordingStore>> open(
                Replica self, Consumer<LockName> wake) {
              attempts.add(new CompletableFuture<>());
              return attempts.get(attempts.size() - 1);
            }

            @Override
            public void abandon() {
              abandoned++;
            }
          });

  private CompletableFuture<StoreInfo> open() {
    return backend.open(RecordingStore.SELF, lock -> {}).toCompletableFuture();
  }

  @Test
  void callsPassOnlyWhileOpen() {
    for (Function<OpenOnce<RecordingStore>, CompletionStage<?>> call : calls()) {
      assertFails(call.apply(backend), "the backend is not open");
    }
    CompletableFuture<StoreInfo> answer = open();
    assertFails(backend.info(), "the backend is not open");
    attempts.get(0).complete(store.opened());
    assertThat(answer).isCompletedWithValue(store.opened().info());
    calls().forEach(call -> assertThat(call.apply(backend).toCompletableFuture()).isNotDone());
    assertThat(store.calls())
        .containsExactly(
            "announce",
            "tryAcquire",
            "handOver",
            "renew",
            "release",
            "forceRelease",
            "leave",
            "describe",
            "list",
            "advance",
            "resetMark",
            "info");
    backend.close();
    backend.close();
    assertThat(store.closings()).isEqualTo(1);
    for (Function<OpenOnce<RecordingStore>, CompletionStage<?>> call : calls()) {
      assertFails(call.apply(backend), "the backend is not open");
    }
    assertThat(store.calls()).hasSize(12);
  }

  @Test
  void openAgain_isRefusedUnlessTheAttemptFailed() {
    CompletableFuture<StoreInfo> failing = open();
    assertFails(open(), "open already");
    attempts.get(0).completeExceptionally(new IllegalStateException("no such server"));
    assertFails(failing, "no such server");
    CompletableFuture<StoreInfo> second = open();
    attempts.get(1).complete(store.opened());
    assertThat(second).isCompleted();
    assertFails(open(), "open already");
    backend.close();
    assertFails(open(), "closed");
    assertThat(attempts).hasSize(2);
  }

  @Test
  void openerThatThrows_failsTheAttempt() {
    OpenOnce<RecordingStore> broken =
        new OpenOnce<>(
            (self, wake) -> {
              throw new IllegalArgumentException("no such option");
            });
    assertFails(broken.open(RecordingStore.SELF, lock -> {}), "no such option");
    assertFails(broken.open(RecordingStore.SELF, lock -> {}), "no such option");
  }

  @Test
  void closedWhileOpening_failsTheAttemptAtOnce_andClosesTheStoreThatOpensLater() {
    CompletableFuture<StoreInfo> answer = open();
    backend.close();
    assertThat(answer).isCompletedExceptionally();
    assertFails(answer, "the backend is closed");
    assertThat(abandoned).isEqualTo(1);
    attempts.get(0).complete(store.opened());
    assertThat(store.closed()).succeedsWithin(Duration.ofSeconds(20));
    assertThat(backend.store()).isEmpty();
  }

  @Test
  void closedWithoutAnAttempt_abandonsNone() {
    CompletableFuture<StoreInfo> failing = open();
    attempts.get(0).completeExceptionally(new IllegalStateException("refused"));
    assertFails(failing, "refused");
    CompletableFuture<StoreInfo> second = open();
    attempts.get(1).complete(store.opened());
    assertThat(second).isCompleted();
    backend.close();
    assertThat(abandoned).isZero();
  }

  @Test
  void closedWhileTheAttemptStarts_abandonsItAsSoonAsItHasBegun() {
    List<String> calls = new ArrayList<>();
    List<OpenOnce<RecordingStore>> backends = new ArrayList<>();
    OpenOnce<RecordingStore> closing =
        new OpenOnce<>(
            new StoreOpener<>() {
              @Override
              public CompletionStage<OpenedStore<RecordingStore>> open(
                  Replica self, Consumer<LockName> wake) {
                backends.get(0).close();
                calls.add("begun");
                return new CompletableFuture<>();
              }

              @Override
              public void abandon() {
                calls.add("abandoned");
              }
            });
    backends.add(closing);
    assertFails(closing.open(RecordingStore.SELF, lock -> {}), "the backend is closed");
    assertThat(calls).endsWith("begun", "abandoned");
  }

  @Test
  void blockingOpener_runsOnItsThread() {
    StoreOpener<RecordingStore> opener =
        StoreOpener.onThread(
            "opener-test",
            (self, wake) -> {
              if (!Thread.currentThread().getName().equals("opener-test")) {
                throw new IllegalStateException("wrong thread");
              }
              return store.opened();
            });
    assertThat(opener.open(RecordingStore.SELF, lock -> {}))
        .succeedsWithin(Duration.ofSeconds(20))
        .isEqualTo(store.opened());
    StoreOpener<RecordingStore> broken =
        StoreOpener.onThread(
            "opener-test",
            (self, wake) -> {
              throw new AssertionError("thrown");
            });
    assertThat(broken.open(RecordingStore.SELF, lock -> {}))
        .failsWithin(Duration.ofSeconds(20))
        .withThrowableThat()
        .withMessageContaining("thrown");
  }

  private static List<Function<OpenOnce<RecordingStore>, CompletionStage<?>>> calls() {
    return List.of(
        open -> open.announce(RecordingStore.SELF),
        open -> open.tryAcquire(CommandSamples.CLAIM, QueueIntent.NONE),
        open -> open.handOver(CommandSamples.REF, CommandSamples.CLAIM, QueueIntent.JOIN),
        open -> open.renew(CommandSamples.REF),
        open -> open.release(ReleaseCommand.of(CommandSamples.REF)),
        open ->
            open.forceRelease(
                new ForceReleaseCommand(LOCK, "reason", Optional.empty(), Optional.empty())),
        open -> open.leave(LOCK),
        open -> open.describe(List.of(LOCK)),
        open -> open.list(new ListQuery("", Optional.empty(), 1)),
        open -> open.advance(new ResourceName("r"), new FencingToken(1)),
        open -> open.resetMark(new ResourceName("r")),
        OpenOnce::info);
  }

  private static void assertFails(CompletionStage<?> stage, String message) {
    assertThat(stage.handle((answer, error) -> String.valueOf(error)).toCompletableFuture().join())
        .contains(message);
  }
}
