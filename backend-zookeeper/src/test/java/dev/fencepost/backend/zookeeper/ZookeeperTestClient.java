package dev.fencepost.backend.zookeeper;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;

/** A plain client for direct changes of the tree in tests. */
final class ZookeeperTestClient implements AutoCloseable {
  private static final int SESSION_MILLIS = 10_000;

  final ZooKeeper keeper;

  ZookeeperTestClient(String servers) {
    CountDownLatch connected = new CountDownLatch(1);
    try {
      keeper =
          new ZooKeeper(
              servers,
              SESSION_MILLIS,
              event -> {
                if (event.getState() == KeeperState.SyncConnected) {
                  connected.countDown();
                }
              });
      if (!connected.await(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("no connection");
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** An operation of the client. */
  interface ClientAction<T> {
    T on(ZooKeeper keeper) throws KeeperException, InterruptedException;
  }

  <T> T ask(ClientAction<T> action) {
    try {
      return action.on(keeper);
    } catch (KeeperException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  List<String> children(String path) {
    return ask(zk -> zk.getChildren(path, false));
  }

  /** Deletes a node and everything below it. */
  void deleteAll(String path) {
    ask(
        zk -> {
          if (zk.exists(path, false) != null) {
            ZKUtil.deleteRecursive(zk, path, 100);
          }
          return true;
        });
  }

  void create(String path, byte[] data) {
    ask(zk -> zk.create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT));
  }

  /** Creates a node that ends with this client. */
  void createEphemeral(String path, byte[] data) {
    ask(zk -> zk.create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL));
  }

  /** Returns one of the server's own figures; 0 if it has none of this name. */
  static long number(Map<String, Long> numbers, String name) {
    return numbers.getOrDefault(name, 0L);
  }

  @Override
  public void close() {
    try {
      keeper.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
