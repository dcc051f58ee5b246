package dev.fencepost.backend.etcd.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.testkit.replica.OpenReplica;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A gate starts calls up to its limit, in their order, and queues a bounded number of others. */
final class RequestGateTest {
  private final AtomicInteger limit = new AtomicInteger();
  private final RequestGate gate = new RequestGate(this::limit, 3);
  private final List<CompletableFuture<Integer>> started = new ArrayList<>();

  private final List<CompletableFuture<Integer>> answers = new ArrayList<>();

  @Test
  void closedGate_letsNothingThroughUntilItIsOpened() {
    submit(2);
    assertThat(started).isEmpty();
    limit.set(1);
    gate.admit();
    assertThat(started).hasSize(1);
    started.get(0).complete(1);
    assertThat(answers.get(0)).isCompletedWithValue(1);
    assertThat(started).hasSize(2);
    started.get(1).completeExceptionally(new IllegalStateException("no"));
    assertThat(answers.get(1)).isCompletedExceptionally();
  }

  @Test
  void gateThatBecomesNarrower_waitsForThoseThatAreThrough() {
    limit.set(2);
    submit(3);
    limit.set(1);
    started.get(0).complete(1);
    assertThat(started).hasSize(2);
    started.get(1).complete(2);
    assertThat(started).hasSize(3);
    started.get(2).complete(3);
    assertThat(answers.get(2)).isCompletedWithValue(3);
  }

  @Test
  void callThatThrows_isOverAndNextOneGoes() {
    limit.set(1);
    answers.add(
        gate.<Integer>submit(
                () -> {
                  throw new IllegalStateException("thrown");
                })
            .toCompletableFuture());
    submit(1);
    assertThat(answers.get(0)).isCompletedExceptionally();
    assertThat(started).hasSize(1);
  }

  @Test
  void limitThatThrows_failsTheCall_andTheNextOneGoes() {
    limit.set(-1);
    Throwable thrown = catchThrowable(() -> submit(1));
    limit.set(1);
    submit(1);
    assertThat(started).as("calls after the one without a limit").hasSize(1);
    assertThat(thrown).isNull();
    assertThat(answers.get(0)).isCompletedExceptionally();
    started.get(0).complete(1);
    assertThat(answers.get(1)).isCompletedWithValue(1);
  }

  @Test
  void whenTooManyWait_theNextIsRefused() {
    submit(4);
    assertThat(OpenReplica.failure(answers.get(3))).isEqualTo(Failure.STORE_OVERLOADED);
    assertThat(started).isEmpty();
  }

  /** Throws if the limit is negative. */
  private int limit() {
    if (limit.get() < 0) {
      throw new IllegalStateException("thrown by the test");
    }
    return limit.get();
  }

  private void submit(int calls) {
    for (int i = 0; i < calls; i++) {
      answers.add(gate.submit(this::startCall).toCompletableFuture());
    }
  }

  private CompletionStage<Integer> startCall() {
    CompletableFuture<Integer> call = new CompletableFuture<>();
    started.add(call);
    return call;
  }
}
