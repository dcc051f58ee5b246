package dev.fencepost.backend.zookeeper;

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
 * This replica's own places in lines, one for each contended lock, each with one watch on its own
 * node: so a release wakes nobody but the replica whose turn has come, whose place was deleted.
 * Safe for use by many threads.
 */
final class OwnQueueNodes {
  private final ZookeeperSchema schema;
  private final ReplicaId self;
  private final Consumer<LockName> wake;
  private final Map<LockName, OwnNode> places = new ConcurrentHashMap<>();
  private final Map<LockName, String> turns = new ConcurrentHashMap<>();
  private final AtomicLong unique = new AtomicLong();
  private volatile @Nullable ZookeeperClient session;

  OwnQueueNodes(ZookeeperSchema schema, ReplicaId self, Consumer<LockName> wake) {
    this.schema = schema;
    this.self = self;
    this.wake = wake;
  }

  /** The name of the state that is the turn of the replica at that place. */
  static String turnNode(String place) {
    return ZookeeperSchema.TURN_PREFIX + place;
  }

  /** From now on places live with this session; those of another one are gone. */
  void begin(ZookeeperClient client) {
    ZookeeperClient before = session;
    session = client;
    if (before == client) {
      // What broke off with the connection; the watches that stood are kept by the client.
      places.forEach((lock, own) -> watch(client, lock, own));
    } else if (before != null) {
      List<LockName> lost = List.copyOf(places.keySet());
      places.clear();
      turns.clear();
      lost.forEach(wake);
    }
  }

  /** Whether a place is somebody else's or of our present session. */
  boolean isBelieved(QueueNode place) {
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

  Optional<String> of(LockName lock) {
    return Optional.ofNullable(places.get(lock)).map(own -> own.node);
  }

  /** A place of ours was made. */
  void made(LockName lock, String path) {
    ZookeeperClient client = session;
    String node = path.substring(path.lastIndexOf('/') + 1);
    OwnNode own = new OwnNode(node);
    places.put(lock, own);
    if (client != null) {
      watch(client, lock, own);
    }
  }

  private void watch(ZookeeperClient client, LockName lock, OwnNode own) {
    if (!own.watched) {
      own.watched = true;
      var unused =
          client
              .whenGone(schema.inBusy(lock, own.node), () -> gone(lock, own))
              .thenAccept(watched -> own.watched = watched);
    }
  }

  /** Sees a place of ours that nobody told us was made, and watches it like any other. */
  void adopt(LockSnapshot seen) {
    if (!seen.line().isEmpty() && !places.containsKey(seen.lock())) {
      seen.line().stream()
          .filter(place -> place.replica().equals(self))
          .findFirst()
          .ifPresent(place -> made(seen.lock(), place.node()));
    }
  }

  /** A transaction that gives the place up is sent; the watch on it is not to wake anybody. */
  void leaving(LockName lock) {
    OwnNode own = places.get(lock);
    if (own != null) {
      own.leaving = true;
    }
    turns.remove(lock);
  }

  /** It was refused, or nobody knows. */
  void stayed(LockName lock) {
    OwnNode own = places.get(lock);
    if (own != null) {
      own.leaving = false;
    }
  }

  /** It was carried out. */
  void left(LockName lock) {
    places.remove(lock);
  }

  /** The place whose turn has come, once. */
  Optional<String> takeTurn(LockName lock) {
    return Optional.ofNullable(turns.remove(lock));
  }

  void forgetTurn(LockName lock) {
    turns.remove(lock);
  }

  private void gone(LockName lock, OwnNode own) {
    boolean wasOurs = places.remove(lock, own);
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
