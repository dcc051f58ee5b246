package dev.fencepost.server;

import dev.fencepost.core.TimerService;
import java.time.Duration;

/**
 * Whether this process gets anything done: its timers still run. Never depends on the store, or one
 * store that stalls would have every replica restarted.
 */
final class LivenessCheck {
  private static final Duration BEAT = Duration.ofSeconds(1);
  private static final Duration DEAD_AFTER = Duration.ofSeconds(30);

  private final TimerService timers;
  private volatile long beatAtNanos;

  LivenessCheck(TimerService timers) {
    this.timers = timers;
    beat();
  }

  boolean isAlive() {
    return timers.nanoTime() - beatAtNanos < DEAD_AFTER.toNanos();
  }

  private void beat() {
    beatAtNanos = timers.nanoTime();
    timers.schedule(BEAT, this::beat);
  }
}
