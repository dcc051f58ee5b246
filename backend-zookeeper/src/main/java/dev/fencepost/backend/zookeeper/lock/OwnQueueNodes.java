package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.ZookeeperClient;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * This replica's own nodes in replica queues: one for each contended lock, with one watch on that
 * node. A release deletes the node of the next replica, so it wakes only that one. Safe for use by
 * many threads.
 */
public final class OwnQueueNodes {
  private final ZookeeperSchema schema;
  private final ReplicaId self;
  private final Consumer<LockName> wake;
  private final Map<LockName, OwnNode> nodes = new ConcurrentHashMap<>();
  private final Map<LockName, String> turns = new ConcurrentHashMap<>();
  private final AtomicLong unique = new AtomicLong();
  private volatile @Nullable ZookeeperClient session;

  public OwnQueueNodes(ZookeeperSchema schema, ReplicaId self, Consumer<LockName> wake) {
    this.schema = schema;
    this.self = self;
    this.wake = wake;
  }

  /** Returns the name of the state that is the turn of this queue node's replica. */
  static String turnState(String queueNode) {
    return ZookeeperSchema.TURN_PREFIX + queueNode;
  }

  /** Sets the session that queue nodes belong to. Nodes of another session are gone. */
  public void startSession(ZookeeperClient client) {
    ZookeeperClient before = session;
    session = client;
    if (before == client) {
      // Watches again where the connection broke meanwhile. The client keeps the other watches
      // itself.
      nodes.forEach((lock, own) -> watch(client, lock, own));
    } else if (before != null) {
      List<LockName> lost = List.copyOf(nodes.keySet());
      nodes.clear();
      turns.clear();
      lost.forEach(wake);
    }
  }

  /** True for queue nodes of other replicas and of our current session. */
  boolean isCurrent(QueueNode queueNode) {
    ZookeeperClient client = session;
    return !queueNode.replica().equals(self)
        || (client != null && queueNode.session().equals(Long.toHexString(client.getSessionId())));
  }

  /** Returns the prefix of a new queue node of this replica. */
  String newPrefix() {
    ZookeeperClient client = session;
    if (client == null) {
      throw ZookeeperErrors.FAILURES.unreachable();
    }
    return QueueNode.prefix(self, client.getSessionId(), unique.incrementAndGet());
  }

  Optional<String> find(LockName lock) {
    return Optional.ofNullable(nodes.get(lock)).map(own -> own.node);
  }

  /** Remembers and watches our new queue node. */
  void onCreated(LockName lock, String path) {
    ZookeeperClient client = session;
    String node = path.substring(path.lastIndexOf('/') + 1);
    OwnNode own = new OwnNode(node);
    nodes.put(lock, own);
    if (client != null) {
      watch(client, lock, own);
    }
  }

  private void watch(ZookeeperClient client, LockName lock, OwnNode own) {
    if (!own.watched) {
      own.watched = true;
      var unused =
          client
              .whenGone(schema.inBusy(lock, own.node), () -> onNodeGone(lock, own))
              .thenAccept(watched -> own.watched = watched);
    }
  }

  /** Watches a queue node of ours whose creation had no answer. */
  void adopt(LockSnapshot snapshot) {
    if (!snapshot.queue().isEmpty() && !nodes.containsKey(snapshot.lock())) {
      snapshot.queue().stream()
          .filter(queueNode -> queueNode.replica().equals(self))
          .findFirst()
          .ifPresent(queueNode -> onCreated(snapshot.lock(), queueNode.node()));
    }
  }

  /** Runs before a transaction that deletes our queue node: its watch must not wake a waiter. */
  void onLeaveSent(LockName lock) {
    OwnNode own = nodes.get(lock);
    if (own != null) {
      own.leaving = true;
    }
    turns.remove(lock);
  }

  /** Runs after that transaction was refused or had no answer. */
  void onLeaveFailed(LockName lock) {
    OwnNode own = nodes.get(lock);
    if (own != null) {
      own.leaving = false;
    }
  }

  /** Runs after that transaction was executed. */
  void onLeft(LockName lock) {
    nodes.remove(lock);
  }

  /** Returns the queue node whose turn has come, once. */
  Optional<String> takeTurn(LockName lock) {
    return Optional.ofNullable(turns.remove(lock));
  }

  public void forgetTurn(LockName lock) {
    turns.remove(lock);
  }

  private void onNodeGone(LockName lock, OwnNode own) {
    boolean wasOurs = nodes.remove(lock, own);
    if (wasOurs && !own.leaving) {
      turns.put(lock, own.node);
      wake.accept(lock);
    }
  }

  private static final class OwnNode {
    final String node;
    volatile boolean leaving;
    volatile boolean watched;

    OwnNode(String node) {
      this.node = node;
    }
  }
}
