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
 * The open connections of the HTTP endpoint, oldest first. Above a limit the oldest is closed for
 * the newest, so that connections which were only opened never keep a probe out. Used only by the
 * thread that reads all of them.
 */
final class HttpConnections {
  private static final Logger LOG = LoggerFactory.getLogger(HttpConnections.class);

  /** Limit for all connections. */
  static final int MAX = 512;

  /** Limit for connections from one address. */
  static final int MAX_PER_ADDRESS = 64;

  private final Set<SocketChannel> open = new LinkedHashSet<>();
  private final Map<InetAddress, Set<SocketChannel>> byAddress = new HashMap<>();

  /** Adds a connection until it is closed. */
  void add(SocketChannel connection) {
    InetAddress address = connection.remoteAddress().getAddress();
    Set<SocketChannel> same = byAddress.computeIfAbsent(address, key -> new LinkedHashSet<>());
    same.add(connection);
    open.add(connection);
    connection.closeFuture().addListener(closed -> remove(connection, address));
    if (same.size() > MAX_PER_ADDRESS) {
      closeOldest(same.iterator().next());
    } else if (open.size() > MAX) {
      closeOldest(open.iterator().next());
    }
  }

  private static void closeOldest(SocketChannel oldest) {
    ChannelFuture closed = oldest.close();
    LOG.debug("too many connections: {} is closed", closed.channel());
  }

  private void remove(SocketChannel connection, InetAddress address) {
    open.remove(connection);
    byAddress.computeIfPresent(
        address,
        (key, same) -> {
          same.remove(connection);
          return same.isEmpty() ? null : same;
        });
  }
}
