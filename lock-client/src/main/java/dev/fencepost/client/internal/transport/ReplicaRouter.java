package dev.fencepost.client.internal.transport;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Chooses a node for a lock among those that are known. */
final class ReplicaRouter {
  private ReplicaRouter() {}

  /**
   * Where the operations of a lock go: to its preferred replica unless that is gone, draining or
   * overdue with its answers; else to the next one.
   *
   * @return null if no node may be used at the moment
   */
  static @Nullable ReplicaNode preferred(List<ReplicaNode> nodes, long lockHash) {
    ReplicaNode best = best(nodes, lockHash, ReplicaNode::isPromising);
    if (best != null && best.isSuspect()) {
      ReplicaNode open = open(nodes, lockHash);
      return open == null ? best : open;
    }
    if (best == null) {
      best = best(nodes, lockHash, ReplicaNode::isUsable);
    }
    return best == null ? stranger(nodes) : best;
  }

  /** As {@link #preferred}, among those that answer now; null if there is none. */
  static @Nullable ReplicaNode open(List<ReplicaNode> nodes, long lockHash) {
    return best(nodes, lockHash, node -> node.isOpen() && !node.isSuspect());
  }

  /**
   * The next address to connect to while none of the open connections answers: a replica without a
   * connection, else an unknown address, else one whose connection does not answer.
   *
   * @return null if all are being connected or rest
   */
  static @Nullable ReplicaNode next(List<ReplicaNode> nodes, long lockHash, long nowNanos) {
    ReplicaNode idle = best(nodes, lockHash, node -> node.phase == ReplicaNode.Phase.IDLE);
    for (ReplicaNode node : nodes) {
      if (idle == null && node.phase == ReplicaNode.Phase.IDLE) {
        idle = node;
      }
    }
    return idle != null ? idle : best(nodes, lockHash, node -> mayBeSucceeded(node, nowNanos));
  }

  private static boolean mayBeSucceeded(ReplicaNode node, long nowNanos) {
    return node.isOpen()
        && node.isSuspect()
        && node.successor == null
        && nowNanos >= node.restsUntilNanos;
  }

  private static @Nullable ReplicaNode best(
      List<ReplicaNode> nodes, long lockHash, Predicate<ReplicaNode> such) {
    ReplicaNode best = null;
    long bestWeight = Long.MIN_VALUE;
    for (ReplicaNode node : nodes) {
      if (!node.isIdentified() || !such.test(node)) {
        continue;
      }
      long weight = node.weight(lockHash);
      // Two addresses of one replica weigh the same: the one that is connected counts.
      if (best == null || weight > bestWeight || (weight == bestWeight && node.isOpen())) {
        best = node;
        bestWeight = weight;
      }
    }
    return best;
  }

  /** An address of which nobody knows which replica it is: better one that is being asked. */
  private static @Nullable ReplicaNode stranger(List<ReplicaNode> nodes) {
    ReplicaNode idle = null;
    for (ReplicaNode node : nodes) {
      if (node.phase == ReplicaNode.Phase.CONNECTING) {
        return node;
      }
      if (idle == null && node.phase == ReplicaNode.Phase.IDLE) {
        idle = node;
      }
    }
    return idle;
  }
}
