package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.lock.LockTxnBatcher.CommitResult;
import dev.fencepost.lock.LockName;
import java.util.List;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;

/**
 * Records the outcome of each transaction in this replica's memory: own queue nodes, states to
 * expire, existing locks, the highest token, and the ensemble's clock. Safe for use by many
 * threads.
 */
public final class CommitEffects {
  private final OwnQueueNodes queueNodes;
  private final LockStateTimers stateTimers;
  private final LockNameCache existingLocks;
  private final TokenBaseManager tokenBases;
  private final EnsembleClock clock;

  public CommitEffects(
      OwnQueueNodes queueNodes,
      LockStateTimers stateTimers,
      LockNameCache existingLocks,
      TokenBaseManager tokenBases,
      EnsembleClock clock) {
    this.queueNodes = queueNodes;
    this.stateTimers = stateTimers;
    this.existingLocks = existingLocks;
    this.tokenBases = tokenBases;
    this.clock = clock;
  }

  /** Runs before the transaction is sent. */
  void onSend(LockTxn txn) {
    if (txn.leavesQueue()) {
      queueNodes.onLeaveSent(txn.lock());
    }
  }

  /** Runs after the transaction was executed. */
  CommitResult onCommit(LockTxn txn, List<OpResult> results) {
    LockName lock = txn.lock();
    if (txn.leavesQueue()) {
      queueNodes.onLeft(lock);
    }
    if (txn.queueNodeAt() >= 0) {
      queueNodes.onCreated(lock, MultiResult.created(results, txn.queueNodeAt()));
    }
    if (txn.node().isEmpty()) {
      return new CommitResult(0);
    }
    LockNode node = txn.node().orElseThrow();
    Stat stat = MultiResult.stat(results, txn.nodeAt());
    clock.recordWriteTime(stat.getMtime());
    long token = node.token().at(stat);
    tokenBases.recordToken(token);
    existingLocks.add(lock);
    stateTimers.track(lock, node, stat);
    return new CommitResult(token);
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
