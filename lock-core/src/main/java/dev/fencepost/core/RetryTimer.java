package dev.fencepost.core;

import dev.fencepost.core.Timers.Timer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The moment of the next try, one at a time. Not thread-safe. */
final class RetryTimer {
  private static final Duration SHORTEST = Duration.ofMillis(2);

  private final Timers timers;
  private @Nullable Timer next;

  RetryTimer(Timers timers) {
    this.timers = timers;
  }

  /** Has the next try made after that time, instead of any other. */
  void after(Duration delay, Runnable retry) {
    stop();
    next = timers.schedule(delay.compareTo(SHORTEST) < 0 ? SHORTEST : delay, retry);
  }

  /** There will be no next try. */
  void stop() {
    if (next != null) {
      next.cancel();
      next = null;
    }
  }
}
