package dev.fencepost.core;

import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;
import java.util.List;

/**
 * A lock as this replica sees it. * *
 *
 * @param state its state at the store
 * @param waiters the first {@link #MAX_WAITERS_SHOWN} in the queue of this replica
 * @param waiterCount number of all waiters in the queue of this replica
 * @param otherReplicasWaiting number of other replicas in the replica queue
 */
public record QueuedLockView(
    LockState state, List<WaiterView> waiters, int waiterCount, int otherReplicasWaiting) {
  /** Most waiters that a view shows. */
  public static final int MAX_WAITERS_SHOWN = 100;

  /** Copies the list. */
  public QueuedLockView {
    waiters = List.copyOf(waiters);
  }

  static QueuedLockView of(
      LockState state, ReplicaId self, List<WaiterView> waiters, int waiterCount) {
    long others = state.replicaQueue().stream().filter(id -> !id.equals(self)).count();
    return new QueuedLockView(state, waiters, waiterCount, (int) others);
  }

  /**
   * A claim in the queue. *
   *
   * @param claimant who it is
   * @param claimTag tells claims apart
   * @param waited time in the queue, here and on other replicas
   * @param position 1 is next
   */
  public record WaiterView(Claimant claimant, String claimTag, Duration waited, int position) {}
}
