package dev.fencepost.server;

import dev.fencepost.core.TimerService;
import java.time.Duration;

/**
 * Checks that this process still works: its timers run. Never depends on the store, because one
 * stalled store would have every replica restarted.
 */
final class LivenessCheck {
  private static final Duration BEAT_INTERVAL = Duration.ofSeconds(1);
  private static final Duration DEAD_AFTER = Duration.ofSeconds(30);

  private final TimerService timers;
  private volatile long beatAtNanos;

  LivenessCheck(TimerService timers) {
    this.timers = timers;
    recordBeat();
  }

  boolean isAlive() {
    return timers.nanoTime() - beatAtNanos < DEAD_AFTER.toNanos();
  }

  private void recordBeat() {
    beatAtNanos = timers.nanoTime();
    timers.schedule(BEAT_INTERVAL, this::recordBeat);
  }
}
