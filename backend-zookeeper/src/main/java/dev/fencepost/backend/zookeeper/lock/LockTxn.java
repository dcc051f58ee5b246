package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.lock.LockName;
import java.util.List;
import java.util.Optional;
import org.apache.zookeeper.Op;

/**
 * One lock's part of a transaction.
 *
 * @param lock the lock
 * @param ops what to do, all or nothing
 * @param base the base that must still be in force; empty if no token is made
 * @param node the record that is written, if one is
 * @param nodeAt which of the operations writes it; -1 if none
 * @param queueNodeAt which of the operations makes a place in line of ours; -1 if none
 * @param leavesQueue whether a place of ours is given up
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
