package dev.fencepost.backend.jdbc.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.support.LockCommand;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** How commands are put together into batches. */
final class BatchQueueTest {
  private final AtomicLong sweeps = new AtomicLong();
  private final BatchQueue queue = new BatchQueue(5, 3, 2, sweeps::get);

  @Test
  void commandsOnOneLock_areNeverInOneBatch() {
    PendingCommand<?> first = offer("a");
    PendingCommand<?> second = offer("a");
    PendingCommand<?> third = offer("b");
    assertThat(queue.take(0).commands()).isEqualTo(List.of(first, third));
    assertThat(queue.take(0).commands()).isEqualTo(List.of(second));
  }

  @Test
  void fullBatch_leavesTheRestInOrder() {
    List<PendingCommand<?>> commands = List.of(offer("a"), offer("b"), offer("c"), offer("d"));
    assertThat(queue.take(0).commands()).isEqualTo(commands.subList(0, 3));
    assertThat(queue.take(0).commands()).isEqualTo(commands.subList(3, 4));
  }

  @Test
  void fullQueue_refuses() {
    for (String lock : List.of("a", "b", "c", "d", "e")) {
      offer(lock);
    }
    assertThat(queue.offer(new PendingCommand<>(leave("f"), 0))).isFalse();
    assertThat(queue.close()).hasSize(5);
    assertThat(queue.take(0).commands()).isEmpty();
  }

  @Test
  void blockedCommands_areExecutedAloneUntilOneSucceeds() {
    PendingCommand<?> suspect = offer("a");
    PendingCommand<?> innocent = offer("b");
    BatchQueue.Batch both = queue.take(0);
    queue.onBatchBlocked(both, both.commands());
    PendingCommand<?> other = offer("c");

    BatchQueue.Batch alone = queue.take(0);
    assertThat(alone.commands()).isEqualTo(List.of(suspect));
    // One of the two takers is kept free of suspects.
    assertThat(queue.take(0).commands()).isEqualTo(List.of(other));
    queue.onBatchBlocked(alone, alone.commands());

    BatchQueue.Batch next = queue.take(0);
    assertThat(next.commands()).isEqualTo(List.of(innocent));
    queue.onBatchAnswered(next);
    BatchQueue.Batch again = queue.take(0);
    assertThat(again.commands()).isEqualTo(List.of(suspect));
    queue.onBatchAnswered(again);

    PendingCommand<?> cleared = offer("a");
    PendingCommand<?> companion = offer("b");
    assertThat(queue.take(0).commands()).isEqualTo(List.of(cleared, companion));
  }

  @Test
  void helper_takesAFullBatchOrOldCommands() {
    BatchQueue young = new BatchQueue(5, 2, 2, sweeps::get);
    PendingCommand<?> a = new PendingCommand<>(leave("a"), System.nanoTime());
    PendingCommand<?> b = new PendingCommand<>(leave("b"), System.nanoTime());
    assertThat(young.offer(a) && young.offer(b)).isTrue();
    assertThat(young.take(1).commands()).isEqualTo(List.of(a, b));
    PendingCommand<?> c = new PendingCommand<>(leave("c"), System.nanoTime());
    assertThat(young.offer(c)).isTrue();
    assertThat(young.take(1).commands()).isEqualTo(List.of(c));
    assertThat(c.isOlderThan(10_000_000, System.nanoTime())).isTrue();
  }

  @Test
  void timedOutCommands_keepNoPlaceInTheQueue() {
    List<PendingCommand<?>> old = List.of(offer("a"), offer("b"), offer("c"), offer("d"));
    PendingCommand<?> young = offer("e");
    assertThat(queue.offer(new PendingCommand<>(leave("f"), 0))).isFalse();
    old.forEach(each -> each.fail(new IllegalStateException("timed out")));
    sweeps.incrementAndGet();
    PendingCommand<?> next = offer("g");
    assertThat(queue.take(0).commands()).isEqualTo(List.of(young, next));
  }

  @Test
  void timedOutCommandsBehindALiveOne_keepNoPlaceInTheQueue() {
    PendingCommand<?> head = offer("a");
    List<PendingCommand<?>> old = List.of(offer("b"), offer("c"), offer("d"), offer("e"));
    assertThat(queue.offer(new PendingCommand<>(leave("f"), 0))).isFalse();
    old.forEach(each -> each.fail(new IllegalStateException("timed out")));
    sweeps.incrementAndGet();
    List<PendingCommand<?>> next = List.of(offer("g"), offer("h"), offer("i"), offer("j"));
    assertThat(queue.offer(new PendingCommand<>(leave("k"), 0))).isFalse();
    assertThat(queue.take(0).commands()).isEqualTo(List.of(head, next.get(0), next.get(1)));
  }

  private PendingCommand<?> offer(String lock) {
    PendingCommand<?> call = new PendingCommand<>(leave(lock), 0);
    assertThat(queue.offer(call)).isTrue();
    return call;
  }

  private static JdbcCommand<Boolean> leave(String lock) {
    return new JdbcCommand.OnLock<>(new LockCommand.LeaveQueue(new LockName(lock)));
  }
}
