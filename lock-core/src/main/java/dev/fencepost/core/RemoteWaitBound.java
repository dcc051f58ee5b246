package dev.fencepost.core;

import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;

/**
 * An upper bound of the time that a claim can have waited on other replicas. This replica sees the
 * replica queue with every answer of the store, at least every 1.5 s, and a replica with waiters is
 * always in it. A claim cannot have waited longer than other replicas have been seen in the queue.
 * Guarded by its queue's monitor.
 */
final class RemoteWaitBound {
  /**
   * Waiters of a replica that has left the replica queue may still be on their way for this time.
   */
  static final Duration ON_THE_WAY = Duration.ofSeconds(20);

  private final ReplicaId self;
  private boolean seen;
  private long sinceNanos;
  private long lastNanos;

  RemoteWaitBound(ReplicaId self) {
    this.self = self;
  }

  void recordState(LockState state, long now) {
    if (!othersWait(state)) {
      return;
    }
    if (!seen || isOver(now)) {
      seen = true;
      sinceNanos = now;
    }
    lastNanos = now;
  }

  /** Returns the longest time, in ns, that a claim which arrives now can have waited elsewhere. */
  long longest(long now) {
    return !seen || isOver(now) ? 0 : now - sinceNanos;
  }

  private boolean isOver(long now) {
    return now - lastNanos > ON_THE_WAY.toNanos();
  }

  private boolean othersWait(LockState state) {
    boolean turn =
        state.status() instanceof LockStatus.Closed closed
            && closed.turn().filter(next -> !next.equals(self)).isPresent();
    return turn || state.replicaQueue().stream().anyMatch(replica -> !replica.equals(self));
  }
}
