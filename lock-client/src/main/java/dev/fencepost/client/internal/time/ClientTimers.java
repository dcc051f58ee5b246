package dev.fencepost.client.internal.time;

/** Runs tasks after a delay. Thread-safe. */
public interface ClientTimers extends AutoCloseable {

  /** Runs the task once after the delay, on a thread that it may not block. */
  Timer schedule(long delayNanos, Runnable task);

  /** Cancels all tasks. */
  @Override
  void close();

  /** A task that has not run yet. */
  interface Timer {
    /** Cancels the task, which may already be running. */
    void cancel();
  }
}
