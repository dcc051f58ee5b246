package dev.fencepost.client;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The state of a lock as one replica knows it at one moment.
 *
 * @param lock the lock
 * @param holder who holds it; empty if nobody does
 * @param lastToken the highest token on record; empty if there is none
 * @param waiters the first 100 waiters on that replica; empty in a watch
 * @param waiterCount number of waiters on that replica
 * @param otherReplicasWaiting number of other replicas with waiting claims
 * @param availableIn set while nobody holds the lock and nobody may take it yet
 */
public record LockView(
    LockName lock,
    Optional<Holder> holder,
    Optional<FencingToken> lastToken,
    List<Waiter> waiters,
    int waiterCount,
    int otherReplicasWaiting,
    Optional<Duration> availableIn) {

  /** Copies the list of waiters. */
  public LockView {
    waiters = List.copyOf(waiters);
  }

  /**
   * A waiting claim.
   *
   * @param owner name of the claimant, for people
   * @param claimTag tells claims apart and gives no right to them
   * @param waited how long it has waited
   * @param position 1 is next on its replica
   */
  public record Waiter(String owner, String claimTag, Duration waited, int position) {}
}
