package dev.fencepost.backend.zookeeper;

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

/** The nodes that everything stands on, and the store's id. Safe for use by many threads. */
final class Foundation {
  private static final byte[] NOTHING = {};

  private final Layout layout;
  private final List<ACL> acl;

  Foundation(Layout layout, List<ACL> acl) {
    this.layout = layout;
    this.acl = acl;
  }

  /** Makes what is missing; answers the store's id. */
  CompletableFuture<String> lay(Handle handle) {
    return readId(handle)
        .thenCompose(id -> id.isEmpty() ? repair(handle) : CompletableFuture.completedFuture(id));
  }

  /** Makes what is missing, however much that is; answers the store's id. */
  CompletableFuture<String> repair(Handle handle) {
    List<String> paths = new ArrayList<>(layout.rootAndAbove());
    paths.addAll(layout.trunks());
    for (int i = 0; i < NodeName.BUCKETS; i++) {
      paths.add(layout.lockBucket(i));
      paths.add(layout.markBucket(i));
    }
    List<CompletableFuture<Code>> created = new ArrayList<>();
    paths.forEach(path -> created.add(create(handle, path, NOTHING)));
    // The id comes last: where there is one, all the rest is there.
    byte[] id = UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8);
    created.add(create(handle, layout.id(), id));
    return Reads.joined(created)
        .thenCompose(
            codes -> {
              codes.stream()
                  .filter(code -> code != Code.OK && code != Code.NODEEXISTS)
                  .findFirst()
                  .ifPresent(
                      code -> {
                        throw trouble(code);
                      });
              return readId(handle);
            });
  }

  /** The store's id; blank if it has none. */
  CompletableFuture<String> readId(Handle handle) {
    return handle
        .look(layout.root(), List.of(Op.getData(layout.id())))
        .thenApply(
            found -> {
              if (found.get(0) instanceof OpResult.GetDataResult data) {
                return new String(data.getData(), StandardCharsets.UTF_8);
              }
              Code code = Reply.codeOf(found.get(0));
              if (code != Code.NONODE) {
                throw trouble(code);
              }
              return "";
            });
  }

  private RuntimeException trouble(Code code) {
    return code == Code.NOAUTH
        ? new StoreConfigurationException(
            "ZooKeeper gives us no rights on "
                + layout.root()
                + ": set store options user and password (or sasl-section) to who made it, or"
                + " change its ACL")
        : Trouble.of(code);
  }

  /** One that exists may stand where we may not write: that is as good. */
  private CompletableFuture<Code> create(Handle handle, String path, byte[] data) {
    CompletableFuture<Code> answer = new CompletableFuture<>();
    handle.create(
        path,
        data,
        acl,
        CreateMode.PERSISTENT,
        (rc, p, context, name) -> {
          Code code = Code.get(rc);
          if (code == Code.NOAUTH) {
            exists(handle, path, answer);
          } else if (code == Code.OK || code == Code.NODEEXISTS || code == Code.NONODE) {
            answer.complete(code);
          } else {
            answer.completeExceptionally(Trouble.of(code));
          }
        },
        null);
    return answer;
  }

  private static void exists(Handle handle, String path, CompletableFuture<Code> answer) {
    handle.exists(
        path,
        false,
        (rc, p, context, stat) ->
            answer.complete(Code.get(rc) == Code.OK ? Code.NODEEXISTS : Code.NOAUTH),
        null);
  }
}
