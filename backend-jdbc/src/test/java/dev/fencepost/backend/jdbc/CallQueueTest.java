package dev.fencepost.backend.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.LockName;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who travels with whom. */
final class CallQueueTest {
  private final CallQueue queue = new CallQueue(5, 3, 2);

  @Test
  void callsOfOneLock_neverTravelTogether() {
    Call<?> first = offered("a");
    Call<?> second = offered("a");
    Call<?> third = offered("b");
    assertThat(queue.take(0).calls()).isEqualTo(List.of(first, third));
    assertThat(queue.take(0).calls()).isEqualTo(List.of(second));
  }

  @Test
  void fullBatch_leavesTheRestInOrder() {
    List<Call<?>> calls = List.of(offered("a"), offered("b"), offered("c"), offered("d"));
    assertThat(queue.take(0).calls()).isEqualTo(calls.subList(0, 3));
    assertThat(queue.take(0).calls()).isEqualTo(calls.subList(3, 4));
  }

  @Test
  void fullQueue_refuses() {
    for (String lock : List.of("a", "b", "c", "d", "e")) {
      offered(lock);
    }
    assertThat(queue.offer(new Call<>(leave("f"), 0))).isFalse();
    assertThat(queue.close()).hasSize(5);
    assertThat(queue.take(0).calls()).isEmpty();
  }

  @Test
  void blockedCalls_travelAloneUntilOneSucceeds() {
    Call<?> stuck = offered("a");
    Call<?> innocent = offered("b");
    CallQueue.Batch both = queue.take(0);
    queue.blocked(both, both.calls());
    Call<?> other = offered("c");

    CallQueue.Batch alone = queue.take(0);
    assertThat(alone.calls()).isEqualTo(List.of(stuck));
    // Of two takers one is kept free of suspects.
    assertThat(queue.take(0).calls()).isEqualTo(List.of(other));
    queue.blocked(alone, alone.calls());

    CallQueue.Batch next = queue.take(0);
    assertThat(next.calls()).isEqualTo(List.of(innocent));
    queue.answered(next);
    CallQueue.Batch again = queue.take(0);
    assertThat(again.calls()).isEqualTo(List.of(stuck));
    queue.answered(again);

    Call<?> cleared = offered("a");
    Call<?> companion = offered("b");
    assertThat(queue.take(0).calls()).isEqualTo(List.of(cleared, companion));
  }

  @Test
  void helper_takesAFullBatchOrWhatIsOld() {
    CallQueue young = new CallQueue(5, 2, 2);
    Call<?> a = new Call<>(leave("a"), System.nanoTime());
    Call<?> b = new Call<>(leave("b"), System.nanoTime());
    assertThat(young.offer(a) && young.offer(b)).isTrue();
    assertThat(young.take(1).calls()).isEqualTo(List.of(a, b));
    Call<?> c = new Call<>(leave("c"), System.nanoTime());
    assertThat(young.offer(c)).isTrue();
    assertThat(young.take(1).calls()).isEqualTo(List.of(c));
    assertThat(c.isOlderThan(10_000_000, System.nanoTime())).isTrue();
  }

  @Test
  void oldCalls_areTakenOut() {
    Call<?> old = new Call<>(leave("a"), 0);
    Call<?> young = new Call<>(leave("b"), 50);
    assertThat(queue.offer(old)).isTrue();
    assertThat(queue.offer(young)).isTrue();
    assertThat(queue.removeOlderThan(100, 100)).isEqualTo(List.of(old));
    assertThat(queue.take(0).calls()).isEqualTo(List.of(young));
  }

  private Call<?> offered(String lock) {
    Call<?> call = new Call<>(leave(lock), 0);
    assertThat(queue.offer(call)).isTrue();
    return call;
  }

  private static Question<Boolean> leave(String lock) {
    return new Question.Leave(new LockName(lock));
  }
}
