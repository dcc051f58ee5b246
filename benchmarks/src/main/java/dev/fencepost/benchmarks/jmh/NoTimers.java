package dev.fencepost.benchmarks.jmh;

import dev.fencepost.core.TimerService;
import java.time.Duration;

/** A running clock without timers, because no benchmark waits until one is due. */
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
