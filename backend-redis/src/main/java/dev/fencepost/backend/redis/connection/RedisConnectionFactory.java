package dev.fencepost.backend.redis.connection;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Opens connections, with the options of the client library that this backend needs. */
public final class RedisConnectionFactory {
  private static final Duration LEAST_RECONNECT_DELAY = Duration.ofMillis(20);
  private static final Duration MOST_RECONNECT_DELAY = Duration.ofSeconds(1);
  private static final Duration TOPOLOGY_EVERY = Duration.ofSeconds(10);
  private static final int THREADS = 2;

  private RedisConnectionFactory() {}

  /** Connects. Blocks until connected. */
  public static RedisConnections connect(
      RedisStoreUri target, RedisSettings settings, NettyChannels channels) {
    ClientResources resources =
        ClientResources.builder()
            .ioThreadPoolSize(THREADS)
            .computationThreadPoolSize(THREADS)
            .reconnectDelay(
                Delay.fullJitter(
                    LEAST_RECONNECT_DELAY, MOST_RECONNECT_DELAY, 50, TimeUnit.MILLISECONDS))
            .nettyCustomizer(channels)
            .build();
    AbstractRedisClient client =
        target.kind() == RedisStoreUri.Kind.CLUSTER
            ? RedisClusterClient.create(resources, target.uris())
            : RedisClient.create(resources, target.uris().get(0));
    try {
      if (client instanceof RedisClusterClient cluster) {
        cluster.setOptions(clusterOptions(settings));
        return new LettuceConnections.Cluster(cluster);
      }
      RedisClient single = (RedisClient) client;
      single.setOptions(fill(ClientOptions.builder(), settings).build());
      return new LettuceConnections.SingleServer(single);
    } catch (RuntimeException e) {
      close(client);
      throw e;
    }
  }

  /**
   * Closes connections, then their client, then the threads. Does not wait, since a backend may be
   * closed on one of these threads.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // Nobody is left to be told.
  static void close(AbstractRedisClient client) {
    client
        .shutdownAsync(0, 1, TimeUnit.SECONDS)
        .whenComplete(
            (shutDown, error) -> client.getResources().shutdown(100, 1_000, TimeUnit.MILLISECONDS));
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
    Duration timeout = settings.callTimeout();
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
        .sslOptions(
            settings
                .tls()
                .files()
                .map(tls -> new RedisTls(tls).options(timeout))
                .orElseGet(() -> RedisTls.withAuthoritiesOfTheJvm(timeout)));
  }
}
