package dev.fencepost.backend.etcd.rpc;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Limits the time of calls and repeats a task, on one daemon thread. Safe for use by many threads.
 */
public final class CallTimers implements AutoCloseable {
  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(
          1,
          task -> {
            Thread thread = new Thread(task, "fencepost-etcd-timers");
            thread.setDaemon(true);
            return thread;
          });

  public CallTimers() {
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /**
   * Returns the outcome of a call, or a timeout after this time. A failure is reported without the
   * exceptions that stages wrap around it.
   */
  public <T> CompletionStage<T> within(Duration time, CompletionStage<T> pending) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Future<?> timer = scheduleTimeout(answer, time);
    pending.whenComplete(
        (result, error) -> {
          timer.cancel(false);
          if (error == null) {
            answer.complete(result);
          } else {
            answer.completeExceptionally(AsyncCalls.cause(error));
          }
        });
    return answer;
  }

  /** Repeats a task that handles its own failures, with this pause between two runs. */
  @SuppressWarnings("FutureReturnValueIgnored") // Nobody waits for a task without an end.
  public void repeat(Runnable task, Duration pause) {
    executor.scheduleWithFixedDelay(task, pause.toNanos(), pause.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Ends the timers. Calls in flight no longer time out. */
  @Override
  public void close() {
    executor.shutdown();
  }

  private Future<?> scheduleTimeout(CompletableFuture<?> answer, Duration time) {
    try {
      return executor.schedule(
          () -> answer.completeExceptionally(EtcdErrors.timeout()),
          time.toNanos(),
          TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.completedFuture(e);
    }
  }
}
