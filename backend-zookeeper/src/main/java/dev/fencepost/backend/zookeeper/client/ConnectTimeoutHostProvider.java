package dev.fencepost.backend.zookeeper.client;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.client.StaticHostProvider;

/**
 * The ensemble's servers, tried in turn, with a limit for the time that a connection to one may
 * take. ZooKeeper's client gives each server the session timeout divided by the number of servers,
 * and knows no setting for it; so the number that it is told is large enough. As thread-safe as
 * {@link StaticHostProvider}.
 */
final class ConnectTimeoutHostProvider implements HostProvider {
  private final StaticHostProvider hosts;
  private final int leastSize;

  /**
   * Resolves nothing yet.
   *
   * @param servers {@code host:port,…}
   * @param sessionTimeoutMillis what the client divides
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
