package dev.fencepost.core;

import java.time.Duration;

/** A monotonic clock and timers; thread-safe. */
public interface TimerService {

  /** Returns a monotonic time in ns, comparable within this process only. */
  long nanoTime();

  /** Runs the task once after the delay, on a thread that the task must not block. */
  Timer schedule(Duration delay, Runnable task);

  /** A scheduled task. */
  interface Timer {
    /** Cancels the task. It may be running already. */
    void cancel();
  }
}
