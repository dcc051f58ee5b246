package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.support.HighestToken;

/**
 * Facts that this replica has learned from the store's answers: the highest token, and whether the
 * replica is in a queue, so that it knows when to poll for turns. Safe for use by many threads.
 */
public final class LocalObservations {
  private final ReplicaId self;
  private final QueueMembership queueMembership = new QueueMembership(System::nanoTime);
  private final HighestToken highestToken = new HighestToken();

  public LocalObservations(ReplicaId self) {
    this.self = self;
  }

  ReplicaId self() {
    return self;
  }

  QueueMembership queueMembership() {
    return queueMembership;
  }

  /** The lowest token that a new grant may get. */
  long lowestNewToken() {
    return highestToken.lowestNew();
  }

  /** Records a lock as it was read, or as this replica left it. */
  public void observe(LockRecord lock) {
    observeToken(lock.token());
    if (lock.replicaQueue().contains(self)) {
      queueMembership.recordSeen();
    }
  }

  /** Records a lock that this replica did not get, although it may be in the lock's queue. */
  void observeWait(LockRecord lock) {
    if (lock.replicaQueue().contains(self)) {
      queueMembership.recordJoin();
    }
  }

  void observeToken(long token) {
    highestToken.record(token);
  }

  /** The context of a step that this replica makes at a moment of the store's clock. */
  StepContext contextAt(long lowestNewToken, long nowMicros) {
    return new StepContext(self, lowestNewToken, nowMicros);
  }
}
