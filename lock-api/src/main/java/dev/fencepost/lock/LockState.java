package dev.fencepost.lock;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What the store knows of a lock at one moment.
 *
 * @param lock the lock
 * @param standing held, closed or free
 * @param lastToken the highest token on record; empty if none is
 * @param line the replicas that have waiters, first come first
 * @param presentToken the highest token that the store can have granted to anybody by now
 */
public record LockState(
    LockName lock,
    Standing standing,
    Optional<FencingToken> lastToken,
    List<ReplicaId> line,
    long presentToken) {

  /** Copies the line. */
  public LockState {
    line = List.copyOf(line);
  }

  /** The holder, while a grant stands. */
  public Optional<Holder> holder() {
    return standing.fold(
        held -> Optional.of(held.holder()), closed -> Optional.empty(), free -> Optional.empty());
  }

  /**
   * The longest time until the lock is free by itself, a lock delay left out; zero if it is free.
   */
  public Duration freeIn() {
    return standing.fold(
        held -> held.holder().remainingAtMost(),
        closed -> closed.availableIn(),
        free -> Duration.ZERO);
  }

  /** Whether the replica could take the lock at this moment. */
  public boolean takeableBy(ReplicaId replica) {
    return standing.fold(
        held -> false, closed -> closed.turn().filter(replica::equals).isPresent(), free -> true);
  }
}
