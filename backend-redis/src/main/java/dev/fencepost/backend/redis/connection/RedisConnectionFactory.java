package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreConfigurationException;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Opens connections, with the options of the client library that this backend needs. */
public final class RedisConnectionFactory {
  private static final Duration LEAST_RECONNECT_DELAY = Duration.ofMillis(20);
  private static final Duration MOST_RECONNECT_DELAY = Duration.ofSeconds(1);
  private static final Duration TOPOLOGY_EVERY = Duration.ofSeconds(10);
  private static final int THREADS = 2;

  private RedisConnectionFactory() {}

  /**
   * Connects. Blocks until connected.
   *
   * @param onConnected listener for each connection that is opened or breaks
   */
  public static RedisConnections connect(
      RedisStoreUri target,
      RedisSettings settings,
      NettyChannels channels,
      RedisConnectionStateListener onConnected) {
    ClientResources resources =
        ClientResources.builder()
            .ioThreadPoolSize(THREADS)
            .computationThreadPoolSize(THREADS)
            .reconnectDelay(
                Delay.fullJitter(
                    LEAST_RECONNECT_DELAY, MOST_RECONNECT_DELAY, 50, TimeUnit.MILLISECONDS))
            .nettyCustomizer(channels)
            .build();
    try {
      return target.kind() == RedisStoreUri.Kind.CLUSTER
          ? ClusterConnections.connect(target, resources, clusterOptions(settings), onConnected)
          : SingleServerConnections.connect(target, resources, options(settings), onConnected);
    } catch (RuntimeException e) {
      shutDown(resources);
      throw e;
    }
  }

  /**
   * Closes connections, then their client, then the threads. Does not wait, since a backend may be
   * closed on one of these threads.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // Nobody is left to be told.
  static void close(
      List<? extends StatefulConnection<byte[], byte[]>> connections,
      AbstractRedisClient client,
      ClientResources resources) {
    CompletableFuture.allOf(
            connections.stream()
                .map(StatefulConnection::closeAsync)
                .toArray(CompletableFuture<?>[]::new))
        .handle((closed, error) -> client.shutdownAsync(0, 1, TimeUnit.SECONDS))
        .thenCompose(shutDown -> shutDown)
        .whenComplete((shutDown, error) -> shutDown(resources));
  }

  @SuppressWarnings("FutureReturnValueIgnored") // Nobody is left to be told.
  private static void shutDown(ClientResources resources) {
    resources.shutdown(100, 1_000, TimeUnit.MILLISECONDS);
  }

  private static ClientOptions options(RedisSettings settings) {
    return fill(ClientOptions.builder(), settings).build();
  }

  private static ClusterClientOptions clusterOptions(RedisSettings settings) {
    ClusterClientOptions.Builder builder = ClusterClientOptions.builder();
    fill(builder, settings);
    return builder
        .topologyRefreshOptions(
            ClusterTopologyRefreshOptions.builder()
                .adaptiveRefreshTriggersTimeout(Duration.ofSeconds(1))
                .enablePeriodicRefresh(TOPOLOGY_EVERY)
                .build())
        .build();
  }

  /** The library neither buffers nor repeats requests: callers repeat what was not answered. */
  private static ClientOptions.Builder fill(ClientOptions.Builder builder, RedisSettings settings) {
    return builder
        .autoReconnect(true)
        .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
        .requestQueueSize(Integer.MAX_VALUE) // Bounded by the gates.
        .maintNotificationsConfig(MaintNotificationsConfig.disabled())
        .socketOptions(
            SocketOptions.builder()
                .connectTimeout(settings.callTimeout())
                .keepAlive(true)
                .tcpNoDelay(true)
                .build())
        .timeoutOptions(TimeoutOptions.builder().timeoutCommands(false).build())
        .sslOptions(ssl(settings.tls(), settings.callTimeout()));
  }

  private static SslOptions ssl(RedisSettings.Tls tls, Duration timeout) {
    SslOptions.Builder builder = SslOptions.builder().jdkSslProvider().handshakeTimeout(timeout);
    tls.caFile().map(Path::toFile).ifPresent(builder::trustManager);
    if (tls.certFile().isPresent()) {
      try {
        builder.keyManager(
            tls.certFile().orElseThrow().toFile(),
            tls.keyFile().orElseThrow().toFile(),
            new char[0]);
      } catch (RuntimeException e) {
        throw new StoreConfigurationException(
            "store options tls-cert-file and tls-key-file: cannot be used (expected: PEM files,"
                + " the key not encrypted)",
            e);
      }
    }
    return builder.build();
  }
}
