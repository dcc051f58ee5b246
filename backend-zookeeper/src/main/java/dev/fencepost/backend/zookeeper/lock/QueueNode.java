package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;

/**
 * A replica's place in a lock's line: an ephemeral sequential node. Ordered by its sequence, which
 * has 32 bits and may wrap round: of two, the one is earlier that is less than half a round behind.
 *
 * @param node the node's name
 * @param replica whose it is
 * @param session the session that it lives with, in hex
 * @param sequence the number that ZooKeeper gave it
 */
record QueueNode(String node, ReplicaId replica, String session, int sequence)
    implements Comparable<QueueNode> {
  private static final int REPLICA_AT = ZookeeperSchema.QUEUE_NODE_PREFIX.length();
  private static final int SESSION_AT = REPLICA_AT + ReplicaId.LENGTH + 1;

  /** The beginning of the name of a new place, to which ZooKeeper adds the sequence. */
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
   * Reads the name of a node in that lock's line.
   *
   * @throws StoreException if it is of another form
   */
  static QueueNode parse(LockName lock, String node) {
    try {
      ReplicaId replica = new ReplicaId(node.substring(REPLICA_AT, REPLICA_AT + ReplicaId.LENGTH));
      String session = node.substring(SESSION_AT, node.indexOf('-', SESSION_AT));
      int unique = SESSION_AT + session.length() + 1;
      // Behind the third hyphen, since a sequence that wrapped begins with one of its own.
      int sequence = Integer.parseInt(node.substring(node.indexOf('-', unique) + 1));
      return new QueueNode(node, replica, session, sequence);
    } catch (RuntimeException e) {
      throw StoreException.unreadable(lock, "a place in its line has a name of another form");
    }
  }

  @Override
  public int compareTo(QueueNode other) {
    // Wrapping subtraction, as for serial numbers (RFC 1982).
    return Integer.compare(sequence - other.sequence, 0);
  }
}
