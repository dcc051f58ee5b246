package dev.fencepost.server;

import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.config.ServerConfig.Connections;
import dev.fencepost.server.config.ServerConfig.Limits;
import dev.fencepost.server.transport.ConnectionRegistry;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Configures the transport of gRPC. Comments give the reasons for settings other than defaults. */
final class GrpcTransport {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcTransport.class);
  private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

  /**
   * Shortest permitted ping interval. The Java client pings every 30 s; faster ones are cut off.
   */
  private static final Duration PERMITTED_KEEP_ALIVE = Duration.ofSeconds(20);

  private static final int METADATA_BYTES = 8 * 1024;

  /** Requests are small, so a connection has room for a few of the largest, not for a megabyte. */
  private static final int FLOW_CONTROL_WINDOW_BYTES = 256 * 1024;

  private static final int RST_WINDOW_SECONDS = 10;

  private GrpcTransport() {}

  /** Creates a server on the address. Handlers run on the threads of the transport. */
  static NettyServerBuilder listen(
      InetSocketAddress address,
      ServerConfig config,
      TransportThreads threads,
      ConnectionRegistry connections) {
    NettyServerBuilder server = NettyServerBuilder.forAddress(address);
    server
        .bossEventLoopGroup(threads.group())
        .workerEventLoopGroup(threads.group())
        .channelFactory(() -> connections.watch(TransportThreads.newListeningChannel()))
        .addTransportFilter(connections)
        .decompressorRegistry(LazyGzipDecompressor.registry())
        .directExecutor();
    connections(server, config.connections());
    limits(server, config.limits());
    if (Epoll.isAvailable()) {
      // Gives up data sent to a peer that vanished as soon as the keepalive would notice it.
      Duration silence =
          config.connections().keepAlive().plus(config.connections().keepAliveTimeout());
      server.withChildOption(
          EpollChannelOption.TCP_USER_TIMEOUT, Math.toIntExact(silence.toMillis()));
      LOG.info("transport: epoll, TCP_USER_TIMEOUT {} ms", silence.toMillis());
    } else {
      LOG.info("transport: nio, without TCP_USER_TIMEOUT");
    }
    return server;
  }

  private static void connections(NettyServerBuilder server, Connections connections) {
    server
        .handshakeTimeout(HANDSHAKE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTime(connections.keepAlive().toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTimeout(connections.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
        .permitKeepAliveTime(PERMITTED_KEEP_ALIVE.toMillis(), TimeUnit.MILLISECONDS);
    server.withChildOption(ChannelOption.TCP_NODELAY, true);
    connections
        .maxIdle()
        .ifPresent(idle -> server.maxConnectionIdle(idle.toMillis(), TimeUnit.MILLISECONDS));
    connections
        .maxAge()
        .ifPresent(age -> server.maxConnectionAge(age.toMillis(), TimeUnit.MILLISECONDS));
    connections
        .maxAgeGrace()
        .ifPresent(grace -> server.maxConnectionAgeGrace(grace.toMillis(), TimeUnit.MILLISECONDS));
  }

  private static void limits(NettyServerBuilder server, Limits limits) {
    int calls = limits.callsPerConnection();
    server
        .maxConcurrentCallsPerConnection(calls)
        // In ten seconds a client may cancel twice as many calls as it may have open.
        .maxRstFramesPerWindow(2 * calls, RST_WINDOW_SECONDS)
        .maxInboundMessageSize(limits.messageBytes())
        .maxInboundMetadataSize(METADATA_BYTES)
        .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES);
  }
}
