package dev.fencepost.shedlock;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import net.javacrumbs.shedlock.core.LockConfiguration;

/**
 * The shortest and the longest time of one hold, counted from a moment of this process.
 * Thread-safe.
 */
final class HoldPeriod {
  private final long beginNanos = System.nanoTime();
  private final Duration atLeast;
  private final Duration atMost;
  private final CompletableFuture<Boolean> over = new CompletableFuture<>();

  private HoldPeriod(LockConfiguration configuration) {
    this.atLeast = configuration.getLockAtLeastFor();
    this.atMost = configuration.getLockAtMostFor();
  }

  static HoldPeriod begin(LockConfiguration configuration) {
    return new HoldPeriod(configuration);
  }

  /** Runs the action at the end of the longest time, unless it is ended before. */
  void onOver(Runnable action) {
    CompletableFuture<Void> unused =
        over.completeOnTimeout(true, restOf(atMost).toNanos(), TimeUnit.NANOSECONDS)
            .thenAccept(
                late -> {
                  if (late) {
                    action.run();
                  }
                });
  }

  /** Ends the period. Returns false if the longest time was over before. */
  boolean end() {
    return over.complete(false);
  }

  /** Returns the rest of the shortest time; zero if it is over. */
  Duration restOfShortest() {
    return restOf(atLeast);
  }

  private Duration restOf(Duration whole) {
    Duration rest = whole.minusNanos(System.nanoTime() - beginNanos);
    return rest.isNegative() ? Duration.ZERO : rest;
  }
}
