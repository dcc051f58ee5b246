package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What this replica has seen in the store's answers. The highest token: no new one is below it,
 * even if the store lost what it knew and its clock is behind. And whether it stands in a line, for
 * whoever looks for turns. Safe for use by many threads.
 */
final class Seen {
  private final ReplicaId self;
  private final Places places = new Places(System::nanoTime);
  private final AtomicLong highestToken = new AtomicLong();

  Seen(ReplicaId self) {
    this.self = self;
  }

  ReplicaId self() {
    return self;
  }

  /** Where it stands in line. */
  Places places() {
    return places;
  }

  /** The least token that may be given now. */
  long leastToken() {
    return highestToken.get() + 1;
  }

  /** A lock as it stood, or as this replica left it. */
  void saw(LockRecord lock) {
    saw(lock.token());
    if (lock.replicaQueue().contains(self)) {
      places.seen();
    }
  }

  void saw(long token) {
    if (token > highestToken.get()) {
      highestToken.accumulateAndGet(token, Math::max);
    }
  }

  /** This replica, asking at a moment of the store's clock. */
  StepContext asker(long leastToken, long nowMicros) {
    return new StepContext(self, leastToken, nowMicros);
  }
}
