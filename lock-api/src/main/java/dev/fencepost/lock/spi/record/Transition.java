package dev.fencepost.lock.spi.record;

import dev.fencepost.lock.ReplicaId;
import java.util.Optional;

/**
 * One atomic change of a record.
 *
 * @param after the record to write
 * @param outcome the answer to give once it is written
 * @param <T> the kind of answer
 */
public record Transition<T>(LockRecord after, T outcome) {

  /** Returns the replica to notify that its turn has come, unless it is the acting one. */
  public Optional<ReplicaId> wake(LockRecord before, ReplicaId self) {
    boolean passedOn =
        !after.turn().equals(before.turn()) || after.freeAtMicros() != before.freeAtMicros();
    return after.turn().filter(next -> passedOn && !next.equals(self));
  }
}
