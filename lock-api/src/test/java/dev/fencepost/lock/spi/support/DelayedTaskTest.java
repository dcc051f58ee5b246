package dev.fencepost.lock.spi.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Tasks that {@link CallDeadlines} runs once, after a time. */
final class DelayedTaskTest {
  private static final Duration SOON = Duration.ofMillis(1);

  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

  @Test
  void task_runsOnceAndItsFailureIsReported() throws Exception {
    IllegalStateException failure = new IllegalStateException("a task failed");
    try (CallDeadlines deadlines = new CallDeadlines("delayed-task-test", failures::add)) {
      await(
          deadlines.after(
              SOON,
              () -> {
                throw failure;
              }));
      await(deadlines.after(SOON, () -> {}));
    }
    assertThat(failures).containsExactly(failure);
  }

  @Test
  void cancelledTask_doesNotRun() throws Exception {
    CompletableFuture<Boolean> ran = new CompletableFuture<>();
    try (CallDeadlines deadlines = new CallDeadlines("delayed-task-test", failures::add)) {
      Future<?> task = deadlines.after(Duration.ofHours(1), () -> ran.complete(true));
      assertThat(task.cancel(false)).isTrue();
      await(deadlines.after(SOON, () -> {}));
    }
    assertThat(ran).isNotDone();
  }

  @Test
  void taskAfterClosing_isDroppedAndDone() {
    CompletableFuture<Boolean> ran = new CompletableFuture<>();
    CallDeadlines deadlines = new CallDeadlines("delayed-task-test", failures::add);
    deadlines.close();
    assertThat(deadlines.after(Duration.ZERO, () -> ran.complete(true)).isDone()).isTrue();
    assertThat(ran).isNotDone();
  }

  private static void await(Future<?> task) throws Exception {
    task.get(20, TimeUnit.SECONDS);
  }
}
