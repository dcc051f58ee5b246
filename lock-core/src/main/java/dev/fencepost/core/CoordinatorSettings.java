package dev.fencepost.core;

import dev.fencepost.lock.InvalidValueException;
import java.time.Duration;

/**
 * The limits of one replica.
 *
 * @param maxRun grants in a row within this replica while other replicas wait; 1–10,000
 * @param maxWaitersPerLock waiters in the queue of one lock
 * @param maxWaitersPerClient waiters of one client
 * @param maxWaiters waiters in all
 * @param recheck shortest time between two looks at the contended and watched locks; each is drawn
 *     between this and half as much more; 100 ms – 1.3 s
 */
public record CoordinatorSettings(
    int maxRun, int maxWaitersPerLock, int maxWaitersPerClient, int maxWaiters, Duration recheck) {

  /** The settings that fit most. */
  public static final CoordinatorSettings DEFAULT =
      new CoordinatorSettings(32, 100_000, 100_000, 500_000, Duration.ofSeconds(1));

  private static final int MOST = 10_000_000;

  /** Checks each range. */
  public CoordinatorSettings {
    requireBetween("max_run", maxRun, 1, 10_000);
    requireBetween("max_waiters_per_lock", maxWaitersPerLock, 1, MOST);
    requireBetween("max_waiters_per_client", maxWaitersPerClient, 1, MOST);
    requireBetween("max_waiters", maxWaiters, 1, MOST);
    dev.fencepost.lock.Lease.requireBetween(
        "recheck", recheck, Duration.ofMillis(100), Duration.ofMillis(1300));
  }

  private static void requireBetween(String field, int value, int least, int most) {
    if (value < least || value > most) {
      throw InvalidValueException.of(field, value, least + "–" + most);
    }
  }
}
