package dev.fencepost.server;

import dev.fencepost.core.TimerService;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The monotonic clock of this machine, and timers on one daemon thread. Tasks are short and never
 * block. An exception of a task is logged and does not affect other tasks. After {@link #close} new
 * tasks are accepted and ignored.
 */
final class SystemTimers implements TimerService, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SystemTimers.class);

  /** Longest delay. Longer ones overflow the arithmetic of the executor, and none is needed. */
  private static final Duration LONGEST = Duration.ofDays(365);

  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(
          1,
          task -> {
            Thread thread = new Thread(task, "fencepost-timers");
            thread.setDaemon(true);
            return thread;
          },
          (task, executor) -> LOG.debug("a task was scheduled after the end"));

  SystemTimers() {
    executor.setRemoveOnCancelPolicy(true);
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    long nanos = (delay.compareTo(LONGEST) > 0 ? LONGEST : delay).toNanos();
    ScheduledFuture<?> future = executor.schedule(() -> run(task), nanos, TimeUnit.NANOSECONDS);
    return () -> future.cancel(false);
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | StackOverflowError | AssertionError e) {
      LOG.error("a timed task failed", e);
    }
  }
}
