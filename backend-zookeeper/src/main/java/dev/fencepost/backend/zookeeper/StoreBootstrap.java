package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ZookeeperClient;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.support.AsyncCalls;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.ACL;

/**
 * Creates the store's base nodes and its id. Safe for use by many threads.
 *
 * @param acl access rights of new nodes
 */
record StoreBootstrap(ZookeeperSchema schema, List<ACL> acl) {
  private static final byte[] NO_DATA = {};

  /** Creates the base nodes if the store has no id yet. Returns the store's id. */
  CompletableFuture<String> ensureExists(ZookeeperClient client) {
    return readId(client)
        .thenCompose(id -> id.isEmpty() ? repair(client) : CompletableFuture.completedFuture(id));
  }

  /**
   * Creates every base node that is missing, even if the store has an id. Returns the store's id.
   */
  CompletableFuture<String> repair(ZookeeperClient client) {
    List<String> paths = new ArrayList<>(schema.rootAndAbove());
    paths.addAll(schema.trunks());
    for (int i = 0; i < NodeName.BUCKETS; i++) {
      paths.add(schema.lockBucket(i));
      paths.add(schema.markBucket(i));
    }
    // Last, so that a store with an id has all other nodes.
    paths.add(schema.id());
    return client
        .read(schema.root(), paths.stream().map(Op::getData).toList())
        .thenCompose(
            found -> {
              List<CompletableFuture<MultiResult>> created = new ArrayList<>();
              for (int i = 0; i < paths.size(); i++) {
                // A node that may not be read exists, too.
                if (MultiResult.codeOf(found.get(i)) == Code.NONODE) {
                  created.add(create(client, paths.get(i)));
                }
              }
              return AsyncCalls.all(created);
            })
        .thenCompose(
            results -> {
              for (MultiResult result : results) {
                if (result.isRefused() && result.reason() != Code.NODEEXISTS) {
                  throw toException(result.reason());
                }
              }
              return readId(client);
            });
  }

  /** Reads the store's id; empty if it has none. */
  CompletableFuture<String> readId(ZookeeperClient client) {
    return client
        .read(schema.root(), List.of(Op.getData(schema.id())))
        .thenApply(
            found -> {
              if (found.get(0) instanceof OpResult.GetDataResult data) {
                return new String(data.getData(), StandardCharsets.UTF_8);
              }
              Code code = MultiResult.codeOf(found.get(0));
              if (code != Code.NONODE) {
                throw toException(code);
              }
              return "";
            });
  }

  private RuntimeException toException(Code code) {
    return code == Code.NOAUTH
        ? new StoreConfigurationException(
            "ZooKeeper denies access to "
                + schema.root()
                + ": set store options user and password (or sasl-section) to the identity that"
                + " created it, or change its ACL")
        : ZookeeperErrors.of(code);
  }

  private CompletableFuture<MultiResult> create(ZookeeperClient client, String path) {
    byte[] data = path.equals(schema.id()) ? newId() : NO_DATA;
    return client.transact(List.of(Op.create(path, data, acl, CreateMode.PERSISTENT)));
  }

  private static byte[] newId() {
    return UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8);
  }
}
