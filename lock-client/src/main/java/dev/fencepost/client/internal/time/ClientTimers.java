package dev.fencepost.client.internal.time;

/** What is to happen later; thread-safe. */
public interface ClientTimers extends AutoCloseable {

  /** Runs the task once after the delay, on a thread that the task does not block. */
  Timer schedule(long delayNanos, Runnable task);

  /** Forgets all tasks. */
  @Override
  void close();

  /** A task that has yet to run. */
  interface Timer {
    /** Forgets the task; it may just be running. */
    void cancel();
  }
}
