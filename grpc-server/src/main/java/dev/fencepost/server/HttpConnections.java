package dev.fencepost.server;

import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open connections of the HTTP endpoint, oldest first. Above a bound the oldest gives way to
 * the newest, so that connections which were only opened never keep a probe out. For the thread
 * that reads all of them.
 */
final class HttpConnections {
  private static final Logger LOG = LoggerFactory.getLogger(HttpConnections.class);

  /** Connections in all. */
  static final int MOST = 512;

  /** Connections from one address. */
  static final int MOST_PER_ADDRESS = 64;

  private final Set<SocketChannel> open = new LinkedHashSet<>();
  private final Map<InetAddress, Set<SocketChannel>> byAddress = new HashMap<>();

  /** Counts a connection until it is closed. */
  void enter(SocketChannel connection) {
    InetAddress address = connection.remoteAddress().getAddress();
    Set<SocketChannel> same = byAddress.computeIfAbsent(address, key -> new LinkedHashSet<>());
    same.add(connection);
    open.add(connection);
    connection.closeFuture().addListener(closed -> leave(connection, address));
    if (same.size() > MOST_PER_ADDRESS) {
      giveWay(same.iterator().next());
    } else if (open.size() > MOST) {
      giveWay(open.iterator().next());
    }
  }

  private static void giveWay(SocketChannel oldest) {
    ChannelFuture closed = oldest.close();
    LOG.debug("too many connections: {} gives way", closed.channel());
  }

  private void leave(SocketChannel connection, InetAddress address) {
    open.remove(connection);
    byAddress.computeIfPresent(
        address,
        (key, same) -> {
          same.remove(connection);
          return same.isEmpty() ? null : same;
        });
  }
}
