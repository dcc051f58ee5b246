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
 * This replica's own nodes in lines, one for each contended lock, each with one watch on its own
 * node: so a release wakes nobody but the replica whose turn has come, whose place was deleted.
 * Safe for use by many threads.
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

  /** The name of the state that is the turn of the replica at that place. */
  static String turnState(String place) {
    return ZookeeperSchema.TURN_PREFIX + place;
  }

  /** From now on nodes live with this session; those of another one are gone. */
  public void startSession(ZookeeperClient client) {
    ZookeeperClient before = session;
    session = client;
    if (before == client) {
      // What broke off with the connection; the watches that stood are kept by the client.
      nodes.forEach((lock, own) -> watch(client, lock, own));
    } else if (before != null) {
      List<LockName> lost = List.copyOf(nodes.keySet());
      nodes.clear();
      turns.clear();
      lost.forEach(wake);
    }
  }

  /** Whether a place is somebody else's or of our present session. */
  boolean isCurrent(QueueNode place) {
    ZookeeperClient client = session;
    return !place.replica().equals(self)
        || (client != null && place.session().equals(Long.toHexString(client.getSessionId())));
  }

  /** The beginning of the name of a new place of ours. */
  String newPrefix() {
    ZookeeperClient client = session;
    if (client == null) {
      throw ZookeeperErrors.unreachable();
    }
    return QueueNode.prefix(self, client.getSessionId(), unique.incrementAndGet());
  }

  Optional<String> find(LockName lock) {
    return Optional.ofNullable(nodes.get(lock)).map(own -> own.node);
  }

  /** A place of ours was made. */
  public void onCreated(LockName lock, String path) {
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

  /** Sees a place of ours that nobody told us was made, and watches it like any other. */
  void adopt(LockSnapshot snapshot) {
    if (!snapshot.queue().isEmpty() && !nodes.containsKey(snapshot.lock())) {
      snapshot.queue().stream()
          .filter(place -> place.replica().equals(self))
          .findFirst()
          .ifPresent(place -> onCreated(snapshot.lock(), place.node()));
    }
  }

  /** A transaction that gives the place up is sent; the watch on it is not to wake anybody. */
  public void onLeaveSent(LockName lock) {
    OwnNode own = nodes.get(lock);
    if (own != null) {
      own.leaving = true;
    }
    turns.remove(lock);
  }

  /** It was refused, or nobody knows. */
  public void onLeaveFailed(LockName lock) {
    OwnNode own = nodes.get(lock);
    if (own != null) {
      own.leaving = false;
    }
  }

  /** It was carried out. */
  public void onLeft(LockName lock) {
    nodes.remove(lock);
  }

  /** The place whose turn has come, once. */
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
