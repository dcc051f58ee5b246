package dev.fencepost.benchmarks.worker;

import dev.fencepost.benchmarks.worker.WorkerTask.Stage;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** Threads that repeat a step for the time of the measurement. Counts failed calls and retries. */
final class RetryingLoad {
  private RetryingLoad() {}

  /** One step of one thread. */
  @FunctionalInterface
  interface Step {
    void run(int thread, long turn) throws Exception;
  }

  /** The result of one thread. */
  private record ThreadResult(long turns, long errors) {}

  /** Runs the threads. The outcome's count is the number of steps that succeeded. */
  static WorkerOutcome run(Stage stage, Runnable onStart, long pauseMillis, Step step)
      throws Exception {
    AtomicLong startNanos = new AtomicLong();
    List<ThreadResult> results =
        ThreadCrew.run(
            stage.load().threads(),
            () -> {
              onStart.run();
              startNanos.set(System.nanoTime());
            },
            thread -> repeat(stage, startNanos.get(), pauseMillis, thread, step));
    return WorkerOutcome.of(
        results.stream().mapToLong(ThreadResult::turns).sum(),
        stage.load().millis() / 1e3,
        "",
        Map.of("errors", (double) results.stream().mapToLong(ThreadResult::errors).sum()));
  }

  private static ThreadResult repeat(
      Stage stage, long startNanos, long pauseMillis, int thread, Step step)
      throws InterruptedException {
    long turns = 0;
    long errors = 0;
    while (stage.isMeasuring(startNanos)) {
      try {
        step.run(thread, turns);
        turns++;
      } catch (InterruptedException e) {
        throw e;
      } catch (Exception e) {
        errors++;
        Thread.sleep(pauseMillis);
      }
    }
    return new ThreadResult(turns, errors);
  }
}
