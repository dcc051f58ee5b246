package dev.fencepost.lock;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The stored state of a lock at one moment.
 *
 * @param lock the lock
 * @param status held, closed or free
 * @param lastToken the highest token on record; empty if none is
 * @param replicaQueue the replicas that have waiters, first come first
 * @param presentToken the highest token that the store can have granted to anybody by now
 */
public record LockState(
    LockName lock,
    LockStatus status,
    Optional<FencingToken> lastToken,
    List<ReplicaId> replicaQueue,
    long presentToken) {

  /** Copies the queue. */
  public LockState {
    replicaQueue = List.copyOf(replicaQueue);
  }

  /** Returns the holder of a valid grant. */
  public Optional<Holder> holder() {
    return status.fold(
        held -> Optional.of(held.holder()), closed -> Optional.empty(), free -> Optional.empty());
  }

  /**
   * Returns the longest time until the lock is free by itself, without a lock delay; zero if it is
   * free.
   */
  public Duration freeIn() {
    return status.fold(
        held -> held.holder().remainingAtMost(),
        closed -> closed.availableIn(),
        free -> Duration.ZERO);
  }

  /** Returns true if the replica could take the lock at this moment. */
  public boolean takeableBy(ReplicaId replica) {
    return status.fold(
        held -> false, closed -> closed.turn().filter(replica::equals).isPresent(), free -> true);
  }
}
