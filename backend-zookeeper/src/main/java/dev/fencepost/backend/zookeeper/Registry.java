package dev.fencepost.backend.zookeeper;

import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
 * Which replicas live: each keeps an ephemeral node. When one is gone, whoever follows is told, so
 * that the others take over what it kept. Safe for use by many threads.
 */
final class Registry {
  private static final Logger LOG = LoggerFactory.getLogger(Registry.class);

  private final Layout layout;
  private final List<ACL> acl;
  private final ServerClock clock;
  private final Runnable someoneGone;
  private @Nullable Following following;
  private volatile Replica self;
  private volatile Set<String> living = Set.of();

  Registry(Layout layout, List<ACL> acl, ServerClock clock, Replica self, Runnable someoneGone) {
    this.layout = layout;
    this.acl = acl;
    this.clock = clock;
    this.self = self;
    this.someoneGone = someoneGone;
  }

  ReplicaId self() {
    return self.id();
  }

  boolean isLiving(ReplicaId replica) {
    return living.contains(replica.value());
  }

  /** Whether this replica is the one that does chores for all. */
  boolean isFirst() {
    return living.stream().sorted().findFirst().filter(self.id().value()::equals).isPresent();
  }

  /** Writes our entry, in place of one that an earlier session of ours may have left. */
  CompletableFuture<Boolean> register(Handle handle) {
    String path = layout.replica(self.id());
    byte[] data = write(self);
    return handle
        .look(layout.replicas(), List.of(Op.getData(path)))
        .thenCompose(
            found -> {
              List<Op> ops = new ArrayList<>();
              boolean isOurs =
                  found.get(0) instanceof OpResult.GetDataResult entry
                      && entry.getStat().getEphemeralOwner() == handle.getSessionId();
              if (!isOurs) {
                if (Reply.codeOf(found.get(0)) == Code.OK) {
                  ops.add(Op.delete(path, -1));
                }
                ops.add(Op.create(path, data, acl, CreateMode.EPHEMERAL));
              }
              ops.add(Op.setData(path, data, -1));
              return handle.transact(ops);
            })
        .thenApply(
            reply -> {
              if (reply.isRefused()) {
                throw Trouble.of(reply.why());
              }
              clock.saw(reply.stat(reply.results().size() - 1).getMtime());
              return true;
            });
  }

  /** Begins to follow who lives. */
  CompletableFuture<Boolean> follow(Handle handle) {
    Following watcher;
    synchronized (this) {
      Following known = following;
      watcher = known != null && known.handle == handle ? known : new Following(handle);
      following = watcher;
    }
    return follow(handle, watcher);
  }

  /** Always the same watcher for one client, which keeps one of each. */
  private CompletableFuture<Boolean> follow(Handle handle, Following watcher) {
    return handle
        .children(layout.replicas(), watcher)
        .thenApply(
            names -> {
              Set<String> before = living;
              living = Set.copyOf(names);
              if (!living.containsAll(before)) {
                someoneGone.run();
              }
              return true;
            });
  }

  /** Writes our entry again, with another phase or address. */
  CompletableFuture<Boolean> announce(Access access, Replica changed) {
    self = changed;
    return access.call(this::register);
  }

  /** All entries. */
  CompletableFuture<List<Replica>> list(Access access) {
    return access
        .look(List.of(Op.getChildren(layout.replicas())))
        .thenCompose(
            found -> {
              if (!(found.get(0) instanceof OpResult.GetChildrenResult children)) {
                throw Trouble.of(Reply.codeOf(found.get(0)));
              }
              List<Op> reads =
                  children.getChildren().stream()
                      .map(child -> Op.getData(layout.replicas() + "/" + child))
                      .toList();
              return reads.isEmpty()
                  ? CompletableFuture.completedFuture(List.<OpResult>of())
                  : access.look(reads);
            })
        .thenApply(
            entries -> {
              List<Replica> replicas = new ArrayList<>();
              entries.forEach(entry -> read(entry).ifPresent(replicas::add));
              return replicas;
            });
  }

  /** Removes our entry. */
  CompletableFuture<Reply> depart(Handle handle) {
    return handle.transact(List.of(Op.delete(layout.replica(self.id()), -1)));
  }

  private static byte[] write(Replica replica) {
    return (replica.id() + "\n" + replica.phase() + "\n" + replica.address())
        .getBytes(StandardCharsets.UTF_8);
  }

  private static Optional<Replica> read(OpResult entry) {
    if (!(entry instanceof OpResult.GetDataResult data)) {
      return Optional.empty();
    }
    String[] parts = new String(data.getData(), StandardCharsets.UTF_8).split("\n", 3);
    try {
      return Optional.of(
          new Replica(new ReplicaId(parts[0]), parts[2], Replica.Phase.valueOf(parts[1])));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      // Of a later version, or nobody's: it must not keep this replica from seeing the others.
      LOG.debug("An entry among the replicas cannot be read: {}", e.toString());
      return Optional.empty();
    }
  }

  private final class Following implements Watcher {
    final Handle handle;

    Following(Handle handle) {
      this.handle = handle;
    }

    @Override
    public void process(WatchedEvent event) {
      if (event.getType() == Event.EventType.NodeChildrenChanged) {
        // If this fails, the connection broke, and the next welcome begins to follow again.
        var unused = follow(handle, this).exceptionally(error -> false);
      }
    }
  }
}
