package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockNode.RecordedClaim;
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
 * A lock as it stood at one moment of the ensemble.
 *
 * @param lock the lock
 * @param stored its node's data and stat; empty if there is no such node
 * @param isBusy whether somebody holds, has closed or waits for it
 * @param line the nodes in line, first come first
 * @param stale nodes of earlier sessions of this replica, which are not believed
 */
public record LockSnapshot(
    LockName lock,
    Optional<StoredNode> stored,
    boolean isBusy,
    List<QueueNode> queue,
    List<QueueNode> staleNodes) {
  private static final long MICROS_PER_MILLI = 1_000;

  /** A node's data and what ZooKeeper says of it. */
  record StoredNode(LockNode node, Stat stat) {
    long token() {
      return node.token().at(stat);
    }
  }

  /** Which leases a record is built with. */
  public enum RemainingLease {
    /** What is left by the ensemble's clock. */
    ESTIMATED,
    /** As if it had been written right now: what is certainly enough. */
    FULL
  }

  /** The reads that make one; their results go to {@link #of}. */
  static List<Op> reads(ZookeeperSchema schema, LockName lock) {
    return List.of(Op.getData(schema.lock(lock)), Op.getChildren(schema.busy(lock)));
  }

  /**
   * Makes one of two results; empty if they do not fit together.
   *
   * @throws StoreException if the lock's record cannot be read
   */
  static Optional<LockSnapshot> of(LockName lock, List<OpResult> results, OwnQueueNodes own) {
    if (!(results.get(0) instanceof OpResult.GetDataResult data)) {
      Code code = MultiResult.codeOf(results.get(0));
      if (code != Code.NONODE) {
        throw StoreException.unreadable(lock, "ZooKeeper answers " + code);
      }
      return Optional.of(new LockSnapshot(lock, Optional.empty(), false, List.of(), List.of()));
    }
    StoredNode stored =
        new StoredNode(ZookeeperRecordCodec.read(lock, data.getData()), data.getStat());
    if (!(results.get(1) instanceof OpResult.GetChildrenResult children)) {
      boolean isIdle = stored.node().kind() == StateKind.IDLE;
      LockSnapshot idle = new LockSnapshot(lock, Optional.of(stored), false, List.of(), List.of());
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
            nodes.stream().filter(place -> !own.isCurrent(place)).toList()));
  }

  LockNode node() {
    return stored.orElseThrow().node();
  }

  int version() {
    return stored.orElseThrow().stat().getVersion();
  }

  StateKind kind() {
    return isBusy ? node().kind() : StateKind.IDLE;
  }

  /**
   * The rules' record of it. The state in force has always some time left, whatever a clock says.
   */
  LockRecord record(long nowMicros, RemainingLease remaining) {
    if (stored.isEmpty()) {
      return LockRecord.unused(lock);
    }
    StoredNode known = stored.orElseThrow();
    long left =
        remaining == RemainingLease.FULL
            ? MicrosecondTime.of(node().duration())
            : leftMicros(nowMicros);
    long end = nowMicros + left;
    Optional<Ownership> ownership =
        known
            .node()
            .claim()
            .filter(t -> kind() != StateKind.TURN) // It ran out before; the rules want it empty.
            .map(t -> ownership(t, known.stat(), kind() == StateKind.HELD ? end : nowMicros - 1));
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
        known.token(),
        freeAt,
        isBusy ? known.node().turn() : Optional.empty(),
        replicas,
        known.node().revoked());
  }

  private long leftMicros(long nowMicros) {
    if (stored.isEmpty()) {
      return 0;
    }
    Duration whole = node().duration();
    long sinceMicros = TimeUnit.MILLISECONDS.toMicros(stored.orElseThrow().stat().getMtime());
    long left = MicrosecondTime.of(whole) - Math.max(0, nowMicros - sinceMicros);
    return Math.max(1, left);
  }

  private static Ownership ownership(RecordedClaim claim, Stat stat, long expiresAtMicros) {
    long acquired = claim.acquiredAtMillis() == 0 ? stat.getMtime() : claim.acquiredAtMillis();
    return new Ownership(
        claim.id(), claim.claimant(), claim.lease(), acquired * MICROS_PER_MILLI, expiresAtMicros);
  }
}
