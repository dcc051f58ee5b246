package dev.fencepost.core;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * The parts that all queues of a replica share. * * * * *
 *
 * @param backend the store
 * @param self this replica
 * @param settings its limits
 * @param timers clock and timers
 * @param random for jitter
 * @param quotas counts of waiters and bytes
 * @param places places of claims that left a moment ago
 * @param granted called with each lock that was granted through this replica
 * @param freed called with each lock that may have been freed through this replica
 */
record QueueContext(
    LockBackend backend,
    ReplicaId self,
    CoordinatorSettings settings,
    TimerService timers,
    RandomGenerator random,
    WaiterQuotas quotas,
    RecentPlaces places,
    Consumer<LockName> granted,
    Consumer<LockName> freed) {
  private static final long FIRST_RETRY_MILLIS = 50;
  private static final long LONGEST_RETRY_MILLIS = 2_000;
  private static final int MOST_DOUBLINGS = 6;

  /**
   * Returns the pause after that many consecutive failures of the store: exponential back-off with
   * full jitter (M. Brooker, "Exponential Backoff and Jitter", 2015), 10 ms – 2 s.
   */
  Duration backoff(int failures) {
    long cap =
        Math.min(
            LONGEST_RETRY_MILLIS, FIRST_RETRY_MILLIS << Math.min(failures - 1, MOST_DOUBLINGS));
    return Duration.ofMillis(10 + random.nextLong(cap));
  }
}
