package dev.fencepost.core;

import dev.fencepost.lock.InvalidValueException;
import java.time.Duration;

/**
 * The limits of one replica. * * * *
 *
 * @param maxRun grants in a row within this replica while other replicas wait; 1–10,000
 * @param maxWaitersPerLock waiters in the queue of one lock
 * @param perClient the most that one client may have here
 * @param inAll the most that all clients together may have here
 * @param pollInterval shortest time between two polls of the contended and watched locks; each
 *     pause is drawn between this and 1.5 times this; 100 ms – 1.3 s
 */
public record CoordinatorSettings(
    int maxRun, int maxWaitersPerLock, Most perClient, Most inAll, Duration pollInterval) {

  private static final int MOST = 10_000_000;
  private static final long MIB = 1 << 20;

  /** The default settings. */
  public static final CoordinatorSettings DEFAULT =
      new CoordinatorSettings(
          32,
          100_000,
          new Most(100_000, 32 * MIB),
          new Most(500_000, 128 * MIB),
          Duration.ofSeconds(1));

  /**
   * A limit of waiters and of the bytes they keep.
   *
   * @param waiters calls that wait, 1–10,000,000
   * @param bytes memory of the owners, principals and metadata of all claims that wait or are being
   *     tried; 1 KiB – 1 TiB. Each entry of metadata counts 128 bytes in addition to its text
   */
  public record Most(int waiters, long bytes) {
    private static final long LEAST_BYTES = 1 << 10;
    private static final long MOST_BYTES = 1L << 40;

    /** Checks each range. */
    public Most {
      requireBetween("max_waiters", waiters, 1, MOST);
      requireBetween("max_bytes", bytes, LEAST_BYTES, MOST_BYTES);
    }
  }

  /** Checks each range. */
  public CoordinatorSettings {
    requireBetween("max_run", maxRun, 1, 10_000);
    requireBetween("max_waiters_per_lock", maxWaitersPerLock, 1, MOST);
    dev.fencepost.lock.Lease.requireBetween(
        "recheck", pollInterval, Duration.ofMillis(100), Duration.ofMillis(1300));
  }

  private static void requireBetween(String field, long value, long least, long most) {
    if (value < least || value > most) {
      throw InvalidValueException.of(field, value, least + "–" + most);
    }
  }
}
