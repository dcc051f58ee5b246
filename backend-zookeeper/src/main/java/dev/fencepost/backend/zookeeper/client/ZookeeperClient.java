package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.spi.StoreException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.client.StaticHostProvider;
import org.apache.zookeeper.client.ZKClientConfig;

/**
 * One client of the ensemble for one session. No method blocks but {@link #close}. Futures complete
 * on the client's own thread, in the order of the requests.
 */
@SuppressWarnings("try") // close() may be interrupted; only Curator calls it.
public final class ZookeeperClient extends ZooKeeper {

  /**
   * Creates a client and starts to connect.
   *
   * @param connectTimeout longest time for a connection to one server
   * @param serverName the name in the certificates of all servers; empty for each one's own host
   */
  ZookeeperClient(
      String servers,
      int sessionTimeoutMillis,
      Duration connectTimeout,
      Optional<String> serverName,
      Watcher watcher,
      ZKClientConfig config)
      throws IOException {
    super(
        servers,
        sessionTimeoutMillis,
        watcher,
        false,
        EnsembleHosts.of(servers, sessionTimeoutMillis, connectTimeout, serverName),
        config);
  }

  /** Returns the highest transaction id in any of the ensemble's answers. */
  public long lastZxid() {
    return cnxn.getLastZxid();
  }

  /** Ends the session. A client without one ends at once: nobody may answer its farewell. */
  @Override
  public synchronized void close() throws InterruptedException {
    if (getSessionId() == 0) {
      cnxn.disconnect();
    } else {
      super.close();
    }
  }

  /** Executes a transaction. Fails with {@link StoreException} if the outcome is unknown. */
  public CompletableFuture<MultiResult> transact(List<Op> operations) {
    CompletableFuture<List<OpResult>> answer = new CompletableFuture<>();
    multi(operations, answer);
    return answer.thenApply(MultiResult::of);
  }

  /** Reads nodes at one moment that is not before the call. A missing node is an error result. */
  public CompletableFuture<List<OpResult>> read(String syncPath, List<Op> reads) {
    CompletableFuture<List<OpResult>> answer = new CompletableFuture<>();
    // No wait for its answer: the ensemble executes the requests of one session in order.
    sync(
        syncPath,
        (rc, path, context) -> {
          Code code = Code.get(rc);
          if (code != Code.OK && code != Code.NONODE) {
            answer.completeExceptionally(ZookeeperErrors.of(code));
          }
        },
        null);
    multi(reads, answer);
    return answer;
  }

  private void multi(List<Op> operations, CompletableFuture<List<OpResult>> answer) {
    multi(
        operations,
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
  }

  /**
   * Runs the callback once when the node is gone, or at once if it is gone already. Does not run it
   * when the session ends.
   *
   * @return whether the node is watched from now on; false if the connection broke meanwhile
   */
  public CompletableFuture<Boolean> whenGone(String node, Runnable gone) {
    CompletableFuture<Boolean> watched = new CompletableFuture<>();
    // exists() would leave a watch on a node that is gone.
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

  /**
   * Lists the children. The watcher is notified once when the list has changed, and of session
   * events.
   */
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

  /**
   * Tries the ensemble's servers in turn and limits the time for one connection. ZooKeeper's client
   * gives each server the session timeout divided by the number of servers, and has no setting for
   * it. So this class reports a number of servers that is large enough. Nor has the client a
   * setting for the name of a server with TLS: it compares that of the host that it gets here.
   *
   * @param leastSize number of servers to report at least
   */
  private record EnsembleHosts(StaticHostProvider hosts, int leastSize, Optional<String> serverName)
      implements HostProvider {

    static EnsembleHosts of(
        String servers, int sessionTimeoutMillis, Duration limit, Optional<String> serverName) {
      return new EnsembleHosts(
          new StaticHostProvider(new ConnectStringParser(servers).getServerAddresses()),
          Math.toIntExact(sessionTimeoutMillis / limit.toMillis() + 1),
          serverName);
    }

    @Override
    public int size() {
      return Math.max(hosts.size(), leastSize);
    }

    @Override
    public InetSocketAddress next(long spinDelayMillis) {
      InetSocketAddress next = hosts.next(spinDelayMillis);
      return serverName.isEmpty() || next.isUnresolved()
          ? next
          : new InetSocketAddress(named(next.getAddress()), next.getPort());
    }

    private InetAddress named(InetAddress address) {
      try {
        return InetAddress.getByAddress(serverName.orElseThrow(), address.getAddress());
      } catch (UnknownHostException e) {
        throw new IllegalStateException("the address has bytes of an address", e);
      }
    }

    @Override
    public void onConnected() {
      hosts.onConnected();
    }

    @Override
    public boolean updateServerList(
        Collection<InetSocketAddress> serverAddresses, InetSocketAddress currentHost) {
      return hosts.updateServerList(serverAddresses, currentHost);
    }
  }
}
