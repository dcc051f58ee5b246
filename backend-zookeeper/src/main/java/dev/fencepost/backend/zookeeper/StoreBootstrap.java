package dev.fencepost.backend.zookeeper;

import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.NodeName;
import dev.fencepost.backend.zookeeper.client.ZookeeperClient;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockReader;
import dev.fencepost.lock.spi.StoreConfigurationException;
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

/** Creates the store's base nodes and its id. Safe for use by many threads. */
final class StoreBootstrap {
  private static final byte[] NO_DATA = {};

  private final ZookeeperSchema schema;
  private final List<ACL> acl;

  StoreBootstrap(ZookeeperSchema schema, List<ACL> acl) {
    this.schema = schema;
    this.acl = acl;
  }

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
    List<CompletableFuture<Code>> created = new ArrayList<>();
    paths.forEach(path -> created.add(create(client, path, NO_DATA)));
    // Last, so that a store with an id has all other nodes.
    byte[] id = UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8);
    created.add(create(client, schema.id(), id));
    return LockReader.joinAll(created)
        .thenCompose(
            codes -> {
              codes.stream()
                  .filter(code -> code != Code.OK && code != Code.NODEEXISTS)
                  .findFirst()
                  .ifPresent(
                      code -> {
                        throw toException(code);
                      });
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

  /** Creates a node. An existing node counts as created, even where this replica may not write. */
  private CompletableFuture<Code> create(ZookeeperClient client, String path, byte[] data) {
    CompletableFuture<Code> answer = new CompletableFuture<>();
    client.create(
        path,
        data,
        acl,
        CreateMode.PERSISTENT,
        (rc, p, context, name) -> {
          Code code = Code.get(rc);
          if (code == Code.NOAUTH) {
            completeIfExists(client, path, answer);
          } else if (code == Code.OK || code == Code.NODEEXISTS || code == Code.NONODE) {
            answer.complete(code);
          } else {
            answer.completeExceptionally(ZookeeperErrors.of(code));
          }
        },
        null);
    return answer;
  }

  private static void completeIfExists(
      ZookeeperClient client, String path, CompletableFuture<Code> answer) {
    client.exists(
        path,
        false,
        (rc, p, context, stat) ->
            answer.complete(Code.get(rc) == Code.OK ? Code.NODEEXISTS : Code.NOAUTH),
        null);
  }
}
