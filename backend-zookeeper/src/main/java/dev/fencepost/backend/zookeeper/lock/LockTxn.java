package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.lock.LockName;
import java.util.List;
import java.util.Optional;
import org.apache.zookeeper.Op;

/**
 * One lock's part of a transaction.
 *
 * @param lock the lock
 * @param ops the operations, all or nothing
 * @param base the base that must still be current; empty if the transaction makes no token
 * @param node the record that is written, if any
 * @param nodeAt index of the operation that writes it; -1 if none
 * @param queueNodeAt index of the operation that creates our queue node; -1 if none
 * @param leavesQueue whether our queue node is deleted
 */
public record LockTxn(
    LockName lock,
    List<Op> ops,
    Optional<TokenBase> base,
    Optional<LockNode> node,
    int nodeAt,
    int queueNodeAt,
    boolean leavesQueue) {

  boolean isEmpty() {
    return ops.isEmpty();
  }
}
