package dev.fencepost.core;

import java.time.Duration;

/** Monotonic time and what is to happen later; thread-safe. */
public interface TimerService {

  /** A monotonic clock in ns, comparable within this process only. */
  long nanoTime();

  /** Runs the task once after the delay, on a thread that the task does not block. */
  Timer schedule(Duration delay, Runnable task);

  /** A task that has yet to run. */
  interface Timer {
    /** Forgets the task; it may just be running. */
    void cancel();
  }
}
