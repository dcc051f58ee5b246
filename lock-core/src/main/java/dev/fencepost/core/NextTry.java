package dev.fencepost.core;

import dev.fencepost.core.TimerService.Timer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The timer of a queue's next attempt: at most one, the last that was set. Guarded by its queue's
 * monitor.
 */
final class NextTry {
  private static final Duration SHORTEST = Duration.ofMillis(2);

  private final QueueContext context;
  private final Runnable lookAgain;
  private int failures;
  private @Nullable Timer timer;

  NextTry(QueueContext context, Runnable lookAgain) {
    this.context = context;
    this.lookAgain = lookAgain;
  }

  void in(Duration delay) {
    stop();
    Duration least = delay.compareTo(SHORTEST) < 0 ? SHORTEST : delay;
    timer = context.timers().schedule(least, lookAgain);
  }

  /** Backs off exponentially after another failure of the store. */
  void afterFailure() {
    failures++;
    in(context.backoff(failures));
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
