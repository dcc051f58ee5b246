package dev.fencepost.client.internal.transport;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Chooses a node for a lock among the known ones. */
final class ReplicaRouter {
  private ReplicaRouter() {}

  /**
   * Chooses the node for a lock's operations: the preferred replica, or the next one if that is
   * gone, draining or does not answer.
   *
   * @return null if no node may be used at the moment
   */
  static @Nullable ReplicaNode preferred(List<ReplicaNode> nodes, long lockHash) {
    ReplicaNode best = best(nodes, lockHash, ReplicaNode::isPromising);
    if (best != null && best.isSuspect()) {
      ReplicaNode open = bestOpen(nodes, lockHash);
      return open == null ? best : open;
    }
    if (best == null) {
      best = best(nodes, lockHash, ReplicaNode::isUsable);
    }
    return best == null ? unidentified(nodes) : best;
  }

  /** As {@link #preferred}, among the nodes that answer now; null if there is none. */
  static @Nullable ReplicaNode bestOpen(List<ReplicaNode> nodes, long lockHash) {
    return best(nodes, lockHash, node -> node.isOpen() && !node.isSuspect());
  }

  /**
   * Chooses the next address to connect to while no open connection answers: a replica without a
   * connection, else an unknown address, else a node whose connection does not answer.
   *
   * @return null if all are being connected or back off
   */
  static @Nullable ReplicaNode nextToConnect(
      List<ReplicaNode> nodes, long lockHash, long nowNanos) {
    ReplicaNode idle = best(nodes, lockHash, node -> node.phase == ReplicaNode.Phase.IDLE);
    for (ReplicaNode node : nodes) {
      if (idle == null && node.phase == ReplicaNode.Phase.IDLE) {
        idle = node;
      }
    }
    return idle != null ? idle : best(nodes, lockHash, node -> mayBeReplaced(node, nowNanos));
  }

  private static boolean mayBeReplaced(ReplicaNode node, long nowNanos) {
    return node.isOpen()
        && node.isSuspect()
        && node.successor == null
        && nowNanos >= node.backoffUntilNanos;
  }

  private static @Nullable ReplicaNode best(
      List<ReplicaNode> nodes, long lockHash, Predicate<ReplicaNode> predicate) {
    ReplicaNode best = null;
    long bestWeight = Long.MIN_VALUE;
    for (ReplicaNode node : nodes) {
      if (!node.isIdentified() || !predicate.test(node)) {
        continue;
      }
      long weight = node.weight(lockHash);
      // Two addresses of one replica have the same weight: prefer the connected one.
      if (best == null || weight > bestWeight || (weight == bestWeight && node.isOpen())) {
        best = node;
        bestWeight = weight;
      }
    }
    return best;
  }

  /** Returns an address with an unknown replica, preferably one that is being connected. */
  private static @Nullable ReplicaNode unidentified(List<ReplicaNode> nodes) {
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
