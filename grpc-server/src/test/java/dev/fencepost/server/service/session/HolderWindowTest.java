package dev.fencepost.server.service.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** More renewals and releases than may be at the store. */
class HolderWindowTest {
  private static final int MAX = HolderWindow.MAX_IN_FLIGHT;

  private final HolderWindow window = new HolderWindow();
  private final List<CompletableFuture<Void>> started = new ArrayList<>();
  private final List<Integer> order = new ArrayList<>();

  private CompletionStage<Void> start(int number) {
    return window.start(
        () -> {
          CompletableFuture<Void> operation = new CompletableFuture<>();
          order.add(number);
          started.add(operation);
          return operation;
        });
  }

  @Test
  void operationsBeyondTheLimit_startInOrderAsOthersEnd() {
    List<CompletionStage<Void>> all = IntStream.range(0, MAX + 3).mapToObj(this::start).toList();
    assertThat(started).hasSize(MAX);

    started.get(7).complete(null);
    started.get(3).completeExceptionally(new IllegalStateException("made by the test"));

    assertThat(order).hasSize(MAX + 2).endsWith(MAX, MAX + 1);
    assertThat(all.get(7).toCompletableFuture()).isCompleted();
    assertThat(all.get(3).toCompletableFuture()).isCompletedWithValue(null);
    assertThat(all.get(MAX).toCompletableFuture()).isNotDone();
    List.copyOf(started).forEach(each -> each.complete(null));
    List.copyOf(started).forEach(each -> each.complete(null));
    assertThat(all).allMatch(each -> each.toCompletableFuture().isDone());
    assertThat(start(0).toCompletableFuture()).isNotDone();
    assertThat(order).hasSize(MAX + 4);
  }

  @Test
  void manyOperationsThatAreDoneAtOnce_doNotOverflowTheStack() {
    IntStream.range(0, MAX).forEach(this::start);
    AtomicInteger done = new AtomicInteger();
    for (int i = 0; i < 100_000; i++) {
      window.start(
          () -> {
            done.incrementAndGet();
            return CompletableFuture.completedFuture(null);
          });
    }

    started.get(0).complete(null);

    assertThat(done).hasValue(100_000);
  }

  @Test
  void operationThatThrows_keepsNoLaterOneWaiting() {
    IntStream.range(0, MAX).forEach(this::start);
    CompletionStage<Void> thrown =
        window.start(
            () -> {
              throw new IllegalStateException("made by the test");
            });
    start(MAX);

    started.get(0).complete(null);

    assertThat(thrown.toCompletableFuture()).isCompletedWithValue(null);
    assertThat(order).endsWith(MAX);
  }
}
