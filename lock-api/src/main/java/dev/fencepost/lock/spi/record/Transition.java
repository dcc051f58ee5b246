package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.ReplicaId;
import java.util.Optional;

/**
 * One atomic step of a record.
 *
 * @param after the record to write
 * @param outcome the answer to give once it is written
 * @param <T> the kind of answer
 */
public record Transition<T>(LockRecord after, T outcome) {

  /** The replica, other than the one that acts, that must be told that its turn has come. */
  public Optional<ReplicaId> wake(LockRecord before, ReplicaId self) {
    boolean passedOn =
        !after.turn().equals(before.turn()) || after.freeAtMicros() != before.freeAtMicros();
    return after.turn().filter(next -> passedOn && !next.equals(self));
  }
}
