package dev.fencepost.client;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Chooses a node for a lock among those that are known. */
final class Router {
  private Router() {}

  /**
   * Where the operations of a lock go: to its preferred replica unless that is gone, draining or
   * overdue with its answers; else to the next one.
   *
   * @return null if no node may be used at the moment
   */
  static @Nullable Node preferred(List<Node> nodes, long lockHash) {
    Node best = best(nodes, lockHash, Node::isPromising);
    if (best != null && best.isSuspect()) {
      Node open = open(nodes, lockHash);
      return open == null ? best : open;
    }
    if (best == null) {
      best = best(nodes, lockHash, Node::isUsable);
    }
    return best == null ? stranger(nodes) : best;
  }

  /** As {@link #preferred}, among those that answer now; null if there is none. */
  static @Nullable Node open(List<Node> nodes, long lockHash) {
    return best(nodes, lockHash, node -> node.isOpen() && !node.isSuspect());
  }

  /**
   * The next address to connect to while none of the open connections answers: a replica without a
   * connection, else an unknown address, else one whose connection does not answer.
   *
   * @return null if all are being connected or rest
   */
  static @Nullable Node next(List<Node> nodes, long lockHash, long nowNanos) {
    Node idle = best(nodes, lockHash, node -> node.phase == Node.Phase.IDLE);
    for (Node node : nodes) {
      if (idle == null && node.phase == Node.Phase.IDLE) {
        idle = node;
      }
    }
    return idle != null ? idle : best(nodes, lockHash, node -> mayBeSucceeded(node, nowNanos));
  }

  private static boolean mayBeSucceeded(Node node, long nowNanos) {
    return node.isOpen()
        && node.isSuspect()
        && node.successor == null
        && nowNanos >= node.restsUntilNanos;
  }

  private static @Nullable Node best(List<Node> nodes, long lockHash, Predicate<Node> such) {
    Node best = null;
    long bestWeight = Long.MIN_VALUE;
    for (Node node : nodes) {
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
  private static @Nullable Node stranger(List<Node> nodes) {
    Node idle = null;
    for (Node node : nodes) {
      if (node.phase == Node.Phase.CONNECTING) {
        return node;
      }
      if (idle == null && node.phase == Node.Phase.IDLE) {
        idle = node;
      }
    }
    return idle;
  }
}
