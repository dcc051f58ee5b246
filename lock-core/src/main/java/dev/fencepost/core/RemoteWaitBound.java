package dev.fencepost.core;

import dev.fencepost.lock.LockState;
import dev.fencepost.lock.LockStatus;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;

/**
 * Since when other replicas have had waiters for a lock, as far as this one can know: it sees the
 * line with every answer of the store, at least every second and a half, and whoever waits
 * elsewhere has his replica in it. So nobody who comes from elsewhere can have waited there for
 * longer. Guarded by its contest's monitor.
 */
final class RemoteWaitBound {
  /** How long after others were last seen in line their waiters may still be on their way. */
  static final Duration ON_THE_WAY = Duration.ofSeconds(20);

  private final ReplicaId self;
  private boolean seen;
  private long sinceNanos;
  private long lastNanos;

  RemoteWaitBound(ReplicaId self) {
    this.self = self;
  }

  void saw(LockState state, long now) {
    if (!othersWait(state)) {
      return;
    }
    if (!seen || isOver(now)) {
      seen = true;
      sinceNanos = now;
    }
    lastNanos = now;
  }

  /** The longest that somebody who comes now can have waited elsewhere, in ns. */
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
