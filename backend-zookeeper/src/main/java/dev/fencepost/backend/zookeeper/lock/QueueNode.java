package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;

/**
 * A replica's node in a lock's replica queue: ephemeral and sequential. Ordered by its sequence,
 * which has 32 bits and may wrap around. The earlier of two nodes is the one less than half the
 * range behind.
 *
 * @param node the node's name
 * @param replica the replica that created it
 * @param session its session, in hex
 * @param sequence the number that ZooKeeper gave it
 */
record QueueNode(String node, ReplicaId replica, String session, int sequence)
    implements Comparable<QueueNode> {
  private static final int REPLICA_AT = ZookeeperSchema.QUEUE_NODE_PREFIX.length();
  private static final int SESSION_AT = REPLICA_AT + ReplicaId.LENGTH + 1;

  /** Returns the prefix of a new node. ZooKeeper appends the sequence. */
  static String prefix(ReplicaId replica, long session, long unique) {
    return ZookeeperSchema.QUEUE_NODE_PREFIX
        + replica
        + "-"
        + Long.toHexString(session)
        + "-"
        + Long.toHexString(unique)
        + "-";
  }

  /**
   * Parses the name of a queue node.
   *
   * @throws StoreException if it has another form
   */
  static QueueNode parse(LockName lock, String node) {
    try {
      ReplicaId replica = new ReplicaId(node.substring(REPLICA_AT, REPLICA_AT + ReplicaId.LENGTH));
      String session = node.substring(SESSION_AT, node.indexOf('-', SESSION_AT));
      int unique = SESSION_AT + session.length() + 1;
      // After the third hyphen: a sequence that wrapped around starts with a hyphen of its own.
      int sequence = Integer.parseInt(node.substring(node.indexOf('-', unique) + 1));
      return new QueueNode(node, replica, session, sequence);
    } catch (RuntimeException e) {
      throw StoreException.unreadable(lock, "a queue node has a name of another form");
    }
  }

  @Override
  public int compareTo(QueueNode other) {
    // Wrapping subtraction, as for serial numbers (RFC 1982).
    return Integer.compare(sequence - other.sequence, 0);
  }
}
