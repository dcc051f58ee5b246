package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.data.ACL;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registers living replicas: each one keeps an ephemeral node. When a node disappears, all replicas
 * that follow the registry are notified, so that they take over the states which the lost replica
 * kept. Safe for use by many threads.
 */
public final class ReplicaRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaRegistry.class);

  private final ZookeeperSchema schema;
  private final List<ACL> acl;
  private final EnsembleClock clock;
  private final Runnable onReplicaGone;
  private @Nullable ReplicaWatcher watcher;
  private volatile Replica self;
  private volatile Set<String> alive = Set.of();

  public ReplicaRegistry(
      ZookeeperSchema schema,
      List<ACL> acl,
      EnsembleClock clock,
      Replica self,
      Runnable onReplicaGone) {
    this.schema = schema;
    this.acl = acl;
    this.clock = clock;
    this.self = self;
    this.onReplicaGone = onReplicaGone;
  }

  public ReplicaId self() {
    return self.id();
  }

  public boolean isAlive(ReplicaId replica) {
    return alive.contains(replica.value());
  }

  /** True if this replica does the periodic work for all replicas. */
  public boolean isFirst() {
    return alive.stream()
        .filter(ReplicaId::isValid)
        .sorted()
        .findFirst()
        .filter(self.id().value()::equals)
        .isPresent();
  }

  /** Writes this replica's entry. Replaces an entry left by its earlier session. */
  public CompletableFuture<Boolean> register(ZookeeperClient client) {
    String path = schema.replica(self.id());
    byte[] data = encode(self);
    return client
        .read(schema.replicas(), List.of(Op.getData(path)))
        .thenCompose(
            found -> {
              List<Op> ops = new ArrayList<>();
              boolean isOurs =
                  found.get(0) instanceof OpResult.GetDataResult entry
                      && entry.getStat().getEphemeralOwner() == client.getSessionId();
              if (!isOurs) {
                if (MultiResult.codeOf(found.get(0)) == Code.OK) {
                  ops.add(Op.delete(path, -1));
                }
                ops.add(Op.create(path, data, acl, CreateMode.EPHEMERAL));
              }
              ops.add(Op.setData(path, data, -1));
              return client.transact(ops);
            })
        .thenApply(
            reply -> {
              if (reply.isRefused()) {
                throw ZookeeperErrors.of(reply.reason());
              }
              clock.recordWriteTime(reply.stat(reply.results().size() - 1).getMtime());
              return true;
            });
  }

  /** Reads the living replicas now and after each change. */
  public CompletableFuture<Boolean> follow(ZookeeperClient client) {
    ReplicaWatcher current;
    synchronized (this) {
      if (watcher == null || watcher.client != client) {
        watcher = new ReplicaWatcher(client);
      }
      current = watcher;
    }
    return current.read();
  }

  /** Writes this replica's entry again with another phase or address. */
  public CompletableFuture<Boolean> announce(RequestGate gate, Replica changed) {
    self = changed;
    return gate.call(this::register, gate.newDeadline());
  }

  /** Returns the entries of living replicas that this version can read. */
  public CompletableFuture<List<Replica>> list(RequestGate gate) {
    return gate.call(this::readLiving, gate.newDeadline())
        .thenApply(
            living -> {
              List<Replica> replicas = new ArrayList<>();
              living.values().forEach(entry -> decode(entry).ifPresent(replicas::add));
              return replicas;
            });
  }

  private CompletableFuture<Map<String, byte[]>> readLiving(ZookeeperClient client) {
    return client
        .read(schema.replicas(), List.of(Op.getChildren(schema.replicas())))
        .thenCompose(
            found -> {
              if (found.get(0) instanceof OpResult.GetChildrenResult children) {
                return readLiving(client, children.getChildren());
              }
              throw ZookeeperErrors.of(MultiResult.codeOf(found.get(0)));
            });
  }

  /** Reads entries by name. Leaves out those that no session owns: nothing ends them. */
  private CompletableFuture<Map<String, byte[]>> readLiving(
      ZookeeperClient client, List<String> names) {
    if (names.isEmpty()) {
      return CompletableFuture.completedFuture(Map.of());
    }
    String parent = schema.replicas();
    return client
        .read(parent, names.stream().map(name -> Op.getData(parent + "/" + name)).toList())
        .thenApply(
            found -> {
              Map<String, byte[]> living = new TreeMap<>();
              for (int i = 0; i < names.size(); i++) {
                if (found.get(i) instanceof OpResult.GetDataResult entry
                    && entry.getStat().getEphemeralOwner() != 0) {
                  living.put(names.get(i), entry.getData());
                }
              }
              return living;
            });
  }

  /** Deletes this replica's entry. */
  public CompletableFuture<MultiResult> unregister(ZookeeperClient client) {
    return client.transact(List.of(Op.delete(schema.replica(self.id()), -1)));
  }

  private static byte[] encode(Replica replica) {
    return (replica.id() + "\n" + replica.phase() + "\n" + replica.address())
        .getBytes(StandardCharsets.UTF_8);
  }

  private static Optional<Replica> decode(byte[] entry) {
    String[] parts = new String(entry, StandardCharsets.UTF_8).split("\n", 3);
    try {
      return Optional.of(
          new Replica(new ReplicaId(parts[0]), parts[2], Replica.Phase.valueOf(parts[1])));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      // From a later version or a foreign writer. Skipped, so that the other entries stay visible.
      LOG.debug("An entry among the replicas cannot be read: {}", e.toString());
      return Optional.empty();
    }
  }

  /** One for each client, because the client keeps each watcher once. */
  private final class ReplicaWatcher implements Watcher {
    final ZookeeperClient client;

    ReplicaWatcher(ZookeeperClient client) {
      this.client = client;
    }

    CompletableFuture<Boolean> read() {
      return client
          .children(schema.replicas(), this)
          .thenCompose(names -> readLiving(client, names))
          .thenApply(
              living -> {
                Set<String> before = alive;
                alive = Set.copyOf(living.keySet());
                if (!alive.containsAll(before)) {
                  onReplicaGone.run();
                }
                return true;
              });
    }

    @Override
    public void process(WatchedEvent event) {
      if (event.getType() == Event.EventType.NodeChildrenChanged) {
        // A failure means that the connection broke. The next setup starts to watch again.
        var unused = read().exceptionally(error -> false);
      }
    }
  }
}
