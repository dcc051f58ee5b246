package dev.fencepost.benchmarks.jmh;

import dev.fencepost.core.TimerService;
import java.time.Duration;

/** The clock runs, but nothing is ever due: nobody here waits so long. */
final class NoTimers implements TimerService {
  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    return () -> {};
  }
}
