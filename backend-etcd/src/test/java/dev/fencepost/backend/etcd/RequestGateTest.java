package dev.fencepost.backend.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.replica.OpenReplica;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * A gate lets through as many as it is wide, in their order, and keeps a bounded number waiting.
 */
final class RequestGateTest {
  private final AtomicInteger width = new AtomicInteger();
  private final RequestGate gate = new RequestGate(width::get, 3);
  private final List<CompletableFuture<Integer>> begun = new ArrayList<>();

  private final List<CompletableFuture<Integer>> answers = new ArrayList<>();

  @Test
  void closedGate_letsNothingThroughUntilItIsOpened() {
    pass(2);
    assertThat(begun).isEmpty();
    width.set(1);
    gate.open();
    assertThat(begun).hasSize(1);
    begun.get(0).complete(1);
    assertThat(answers.get(0)).isCompletedWithValue(1);
    assertThat(begun).hasSize(2);
    begun.get(1).completeExceptionally(new IllegalStateException("no"));
    assertThat(answers.get(1)).isCompletedExceptionally();
  }

  @Test
  void gateThatBecomesNarrower_waitsForThoseThatAreThrough() {
    width.set(2);
    pass(3);
    width.set(1);
    begun.get(0).complete(1);
    assertThat(begun).hasSize(2);
    begun.get(1).complete(2);
    assertThat(begun).hasSize(3);
    begun.get(2).complete(3);
    assertThat(answers.get(2)).isCompletedWithValue(3);
  }

  @Test
  void callThatThrows_isOverAndNextOneGoes() {
    width.set(1);
    answers.add(
        gate.<Integer>pass(
                () -> {
                  throw new IllegalStateException("thrown");
                })
            .toCompletableFuture());
    pass(1);
    assertThat(answers.get(0)).isCompletedExceptionally();
    assertThat(begun).hasSize(1);
  }

  @Test
  void whenTooManyWait_theNextIsRefused() {
    pass(4);
    assertThat(OpenReplica.failure(answers.get(3))).isEqualTo(Failure.STORE_OVERLOADED);
    assertThat(begun).isEmpty();
  }

  private void pass(int calls) {
    for (int i = 0; i < calls; i++) {
      answers.add(gate.pass(this::begin).toCompletableFuture());
    }
  }

  private CompletionStage<Integer> begin() {
    CompletableFuture<Integer> call = new CompletableFuture<>();
    begun.add(call);
    return call;
  }
}
