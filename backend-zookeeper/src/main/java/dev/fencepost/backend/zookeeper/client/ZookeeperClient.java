package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.spi.StoreException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;

/**
 * One client of the ensemble, for one session. It answers with futures, which complete on the
 * client's own thread in the order in which they were asked, and never blocks.
 */
@SuppressWarnings("try") // Its close() may be interrupted; only Curator calls it.
public final class ZookeeperClient extends ZooKeeper {

  /**
   * Makes a client that begins to connect.
   *
   * @param connectTimeout longest time that one server has for a connection
   */
  ZookeeperClient(
      String servers,
      int sessionTimeoutMillis,
      Duration connectTimeout,
      Watcher watcher,
      ZKClientConfig config)
      throws IOException {
    super(
        servers,
        sessionTimeoutMillis,
        watcher,
        false,
        new ConnectTimeoutHostProvider(servers, sessionTimeoutMillis, connectTimeout),
        config);
  }

  /** The highest transaction id in any of the ensemble's answers. */
  public long lastZxid() {
    return cnxn.getLastZxid();
  }

  /** Carries out a transaction; fails with {@link StoreException} if nobody knows. */
  public CompletableFuture<MultiResult> transact(List<Op> operations) {
    CompletableFuture<MultiResult> answer = new CompletableFuture<>();
    multi(
        operations,
        (rc, path, context, results) -> {
          Code code = Code.get(rc);
          if (results != null && !results.isEmpty()) {
            answer.complete(MultiResult.of(results));
          } else {
            answer.completeExceptionally(
                ZookeeperErrors.of(code == Code.OK ? Code.SYSTEMERROR : code));
          }
        },
        null);
    return answer;
  }

  /** Reads at one moment that is not before the call; a node that is missing is an error result. */
  public CompletableFuture<List<OpResult>> read(String syncPath, List<Op> reads) {
    CompletableFuture<List<OpResult>> answer = new CompletableFuture<>();
    // Not waited for: one session's requests are carried out in the order in which they are sent.
    sync(
        syncPath,
        (rc, path, context) -> {
          Code code = Code.get(rc);
          if (code != Code.OK && code != Code.NONODE) {
            answer.completeExceptionally(ZookeeperErrors.of(code));
          }
        },
        null);
    multi(
        reads,
        (rc, path, context, results) -> {
          if (results != null && !results.isEmpty()) {
            answer.complete(results);
          } else {
            Code code = Code.get(rc);
            answer.completeExceptionally(
                ZookeeperErrors.of(code == Code.OK ? Code.SYSTEMERROR : code));
          }
        },
        null);
    return answer;
  }

  /**
   * Tells once when the node is gone, also if it is gone already; not if the session ends.
   *
   * @return whether it is watched from now on; false if the connection broke meanwhile
   */
  public CompletableFuture<Boolean> whenGone(String node, Runnable gone) {
    CompletableFuture<Boolean> watched = new CompletableFuture<>();
    // Not exists(), which would leave a watch behind on a node that is gone.
    getData(
        node,
        event -> {
          if (event.getType() == EventType.NodeDeleted) {
            gone.run();
          }
        },
        (rc, path, context, data, stat) -> {
          if (Code.get(rc) == Code.NONODE) {
            gone.run();
          }
          watched.complete(Code.get(rc) == Code.OK || Code.get(rc) == Code.NONODE);
        },
        null);
    return watched;
  }

  /** Lists the children; tells once when the list has changed, and of the session's events. */
  CompletableFuture<List<String>> children(String node, Watcher changed) {
    CompletableFuture<List<String>> answer = new CompletableFuture<>();
    getChildren(
        node,
        changed,
        (rc, path, context, children) -> {
          Code code = Code.get(rc);
          if (code == Code.OK) {
            answer.complete(children);
          } else {
            answer.completeExceptionally(ZookeeperErrors.of(code));
          }
        },
        null);
    return answer;
  }
}
