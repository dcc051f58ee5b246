package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.lock.LockName;
import java.util.List;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;

/**
 * Records the outcome of each transaction in this replica's memory.
 *
 * @param queueNodes own queue nodes
 * @param stateTimers states that this replica ends
 * @param existingLocks locks whose node is believed to exist
 * @param tokenBases knows the highest token
 * @param clock learns the ensemble's time
 */
public record CommitEffects(
    OwnQueueNodes queueNodes,
    LockStateTimers stateTimers,
    LockNameCache existingLocks,
    TokenBaseManager tokenBases,
    EnsembleClock clock) {

  /** Runs before the transaction is sent. */
  void onSend(LockTxn txn) {
    if (txn.leavesQueue()) {
      queueNodes.onLeaveSent(txn.lock());
    }
  }

  /** Runs after the transaction was executed. Returns the token of its record; 0 if none. */
  long onCommit(LockTxn txn, List<OpResult> results) {
    LockName lock = txn.lock();
    if (txn.leavesQueue()) {
      queueNodes.onLeft(lock);
    }
    if (txn.queueNodeAt() >= 0) {
      queueNodes.onCreated(lock, MultiResult.created(results, txn.queueNodeAt()));
    }
    if (txn.node().isEmpty()) {
      return 0;
    }
    LockNode node = txn.node().orElseThrow();
    Stat stat = MultiResult.stat(results, txn.nodeAt());
    clock.recordWriteTime(stat.getMtime());
    long token = node.token().at(stat);
    tokenBases.recordToken(token);
    existingLocks.set(lock, true);
    stateTimers.track(lock, node, stat);
    return token;
  }

  /** Runs after the ensemble refused the transaction. */
  void onRefused(LockTxn txn) {
    if (txn.leavesQueue()) {
      queueNodes.onLeaveFailed(txn.lock());
    }
  }

  /** Runs after a failure that leaves the outcome unknown. */
  void onInDoubt(LockTxn txn) {
    onRefused(txn);
    if (txn.node().isPresent()) {
      stateTimers.recordDoubt(txn.lock());
    }
  }
}
