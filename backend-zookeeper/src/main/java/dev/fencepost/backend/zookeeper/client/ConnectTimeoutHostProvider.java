package dev.fencepost.backend.zookeeper.client;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.client.StaticHostProvider;

/**
 * Tries the ensemble's servers in turn and limits the time for one connection. ZooKeeper's client
 * gives each server the session timeout divided by the number of servers, and has no setting for
 * it. So this class reports a number of servers that is large enough. As thread-safe as {@link
 * StaticHostProvider}.
 */
final class ConnectTimeoutHostProvider implements HostProvider {
  private final StaticHostProvider hosts;
  private final int leastSize;

  /**
   * Creates the provider without resolving addresses yet.
   *
   * @param servers {@code host:port,…}
   * @param sessionTimeoutMillis the value that the client divides
   * @param limit longest time for one connection
   */
  ConnectTimeoutHostProvider(String servers, int sessionTimeoutMillis, Duration limit) {
    hosts = new StaticHostProvider(new ConnectStringParser(servers).getServerAddresses());
    leastSize = Math.toIntExact(sessionTimeoutMillis / limit.toMillis() + 1);
  }

  @Override
  public int size() {
    return Math.max(hosts.size(), leastSize);
  }

  @Override
  public InetSocketAddress next(long spinDelayMillis) {
    return hosts.next(spinDelayMillis);
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
