package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.record.Asker;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The replica that asks, and the highest token that it has seen in any of the store's answers: no
 * new token is below it, even if the store lost what it knew and its clock is behind. Safe for use
 * by many threads.
 */
final class Floor {
  private final ReplicaId self;
  private final AtomicLong highestSeen = new AtomicLong();

  Floor(ReplicaId self) {
    this.self = self;
  }

  ReplicaId self() {
    return self;
  }

  /** The least token that may be given now. */
  long leastToken() {
    return highestSeen.get() + 1;
  }

  void saw(long token) {
    if (token > highestSeen.get()) {
      highestSeen.accumulateAndGet(token, Math::max);
    }
  }

  /** This replica, asking at a moment of the store's clock. */
  Asker asker(long leastToken, long nowMicros) {
    return new Asker(self, leastToken, nowMicros);
  }
}
