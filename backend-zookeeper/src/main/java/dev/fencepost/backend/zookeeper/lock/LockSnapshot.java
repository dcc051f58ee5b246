package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedClaim;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedToken;
import dev.fencepost.backend.zookeeper.lock.LockNode.StateKind;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;

/**
 * A lock at one moment of the ensemble, or as this replica guesses it to be.
 *
 * <p>A guess has what a transaction relies on, so that a wrong one is refused: the name of the
 * state, or that there is none. Its token and its queue may be incomplete.
 *
 * @param lock the lock
 * @param stored data and stat of its node; empty if there is no node
 * @param isBusy true if the lock is held, closed or waited for
 * @param queue nodes of the replica queue, the first one first
 * @param staleNodes queue nodes of this replica's earlier sessions, which do not count
 * @param isGuess true if it was not read
 */
public record LockSnapshot(
    LockName lock,
    Optional<StoredNode> stored,
    boolean isBusy,
    List<QueueNode> queue,
    List<QueueNode> staleNodes,
    boolean isGuess) {
  private static final long MICROS_PER_MILLI = 1_000;

  /** A node that exists; nothing else is known of it. */
  private static final LockNode UNKNOWN =
      new LockNode(
          StateKind.IDLE,
          "",
          ReplicaId.of(0),
          RecordedToken.of(0),
          Optional.empty(),
          Duration.ZERO,
          Optional.empty(),
          "");

  /** The data of a node and ZooKeeper's stat of it. */
  record StoredNode(LockNode node, Stat stat) {
    long token() {
      return node.token().at(stat);
    }
  }

  /** The remaining lease that a record is built with. */
  public enum RemainingLease {
    /** The rest of the lease by the ensemble's clock. */
    ESTIMATED,
    /** A whole lease, as if it was written right now. Certainly long enough. */
    FULL
  }

  /** Guesses that the lock is free, and has a node or none. */
  static LockSnapshot guessFree(LockName lock, boolean exists) {
    Optional<StoredNode> stored =
        exists ? Optional.of(new StoredNode(UNKNOWN, new Stat())) : Optional.empty();
    return new LockSnapshot(lock, stored, false, List.of(), List.of(), true);
  }

  /** Guesses that the lock is in this state. The rest of its queue is unknown. */
  static LockSnapshot guessBusy(LockName lock, StoredNode stored, Optional<String> ownQueueNode) {
    List<QueueNode> queue = ownQueueNode.map(node -> QueueNode.parse(lock, node)).stream().toList();
    return new LockSnapshot(lock, Optional.of(stored), true, queue, List.of(), true);
  }

  /** Guesses that it is the turn of this replica, whose queue node was deleted by that. */
  static LockSnapshot guessTurn(LockName lock, ReplicaId self, String queueNode) {
    LockNode turn =
        new LockNode(
            StateKind.TURN,
            OwnQueueNodes.turnState(queueNode),
            self,
            RecordedToken.of(0),
            Optional.empty(),
            LockRecord.TURN,
            Optional.of(self),
            "");
    return guessBusy(lock, new StoredNode(turn, new Stat()), Optional.empty());
  }

  /** Returns the reads of a snapshot. {@link #of} takes their results. */
  static List<Op> reads(ZookeeperSchema schema, LockName lock) {
    return List.of(Op.getData(schema.lock(lock)), Op.getChildren(schema.busy(lock)));
  }

  /**
   * Builds a snapshot from two results; empty if they contradict each other.
   *
   * @throws StoreException if the lock's record cannot be read
   */
  static Optional<LockSnapshot> of(LockName lock, List<OpResult> results, OwnQueueNodes own) {
    if (!(results.get(0) instanceof OpResult.GetDataResult data)) {
      Code code = MultiResult.codeOf(results.get(0));
      if (code != Code.NONODE) {
        throw StoreException.unreadable(lock, "ZooKeeper answers " + code);
      }
      return Optional.of(
          new LockSnapshot(lock, Optional.empty(), false, List.of(), List.of(), false));
    }
    StoredNode stored =
        new StoredNode(ZookeeperRecordCodec.read(lock, data.getData()), data.getStat());
    if (!(results.get(1) instanceof OpResult.GetChildrenResult children)) {
      boolean isIdle = stored.node().kind() == StateKind.IDLE;
      LockSnapshot idle =
          new LockSnapshot(lock, Optional.of(stored), false, List.of(), List.of(), false);
      return isIdle ? Optional.of(idle) : Optional.empty();
    }
    if (!children.getChildren().contains(stored.node().state())) {
      return Optional.empty();
    }
    List<QueueNode> nodes =
        children.getChildren().stream()
            .filter(child -> child.startsWith(ZookeeperSchema.QUEUE_NODE_PREFIX))
            .map(child -> QueueNode.parse(lock, child))
            .sorted()
            .toList();
    return Optional.of(
        new LockSnapshot(
            lock,
            Optional.of(stored),
            true,
            nodes.stream().filter(own::isCurrent).toList(),
            nodes.stream().filter(node -> !own.isCurrent(node)).toList(),
            false));
  }

  LockNode node() {
    return stored.orElseThrow().node();
  }

  /** Returns the record with values in place of what depended on its write. */
  LockNode resolvedNode() {
    return node().resolved(stored.orElseThrow().stat());
  }

  int version() {
    return stored.orElseThrow().stat().getVersion();
  }

  StateKind kind() {
    return isBusy ? node().kind() : StateKind.IDLE;
  }

  /**
   * Builds the record for the rules. The current state always has some time left, whatever the
   * clock says: only a transaction ends it.
   */
  LockRecord record(long nowMicros, RemainingLease remaining) {
    if (stored.isEmpty()) {
      return LockRecord.unused(lock);
    }
    StoredNode storedNode = stored.orElseThrow();
    long left =
        remaining == RemainingLease.FULL
            ? MicrosecondTime.of(node().duration())
            : leftMicros(nowMicros);
    long end = nowMicros + left;
    Optional<Ownership> ownership =
        storedNode
            .node()
            .claim()
            // The lease expired before the turn, so the rules expect no ownership.
            .filter(claim -> kind() != StateKind.TURN)
            .map(
                claim ->
                    ownership(
                        claim, storedNode.stat(), kind() == StateKind.HELD ? end : nowMicros - 1));
    long freeAt =
        switch (kind()) {
          case IDLE -> 0;
          case HELD -> end + MicrosecondTime.of(ownership.orElseThrow().lease().lockDelay());
          case DELAYED, CLOSED, TURN -> end;
        };
    List<ReplicaId> replicas = queue.stream().map(QueueNode::replica).distinct().toList();
    return new LockRecord(
        lock,
        ownership,
        storedNode.token(),
        freeAt,
        isBusy ? storedNode.node().turn() : Optional.empty(),
        replicas,
        storedNode.node().revoked());
  }

  private long leftMicros(long nowMicros) {
    long sinceMicros = TimeUnit.MILLISECONDS.toMicros(stored.orElseThrow().stat().getMtime());
    long left = MicrosecondTime.of(node().duration()) - Math.max(0, nowMicros - sinceMicros);
    return Math.max(1, left);
  }

  private static Ownership ownership(RecordedClaim claim, Stat stat, long expiresAtMicros) {
    long acquired = claim.acquiredAtMillis() == 0 ? stat.getMtime() : claim.acquiredAtMillis();
    return new Ownership(
        claim.id(), claim.claimant(), claim.lease(), acquired * MICROS_PER_MILLI, expiresAtMicros);
  }
}
