package dev.fencepost.core;

import dev.fencepost.core.TimerService.Timer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When a contest looks again by itself: at most one moment, the last that was set. Guarded by its
 * contest's monitor.
 */
final class NextTry {
  private static final Duration SHORTEST = Duration.ofMillis(2);

  private final QueueContext around;
  private final Runnable lookAgain;
  private int failures;
  private @Nullable Timer timer;

  NextTry(QueueContext around, Runnable lookAgain) {
    this.around = around;
    this.lookAgain = lookAgain;
  }

  void in(Duration delay) {
    stop();
    Duration least = delay.compareTo(SHORTEST) < 0 ? SHORTEST : delay;
    timer = around.timers().schedule(least, lookAgain);
  }

  /** The store failed once more: later and later. */
  void afterFailure() {
    failures++;
    in(around.backoff(failures));
  }

  void succeeded() {
    failures = 0;
  }

  void stop() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }
}
