package dev.fencepost.backend.redis.connection;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Connections to one server, or to the one that the sentinels name at each connect. */
final class SingleServerConnections implements RedisConnections {
  private static final String ONLY = "server";

  private final ClientResources resources;
  private final RedisClient client;
  private final StatefulRedisConnection<byte[], byte[]> connection;
  private final StatefulRedisPubSubConnection<byte[], byte[]> listener;

  private SingleServerConnections(
      ClientResources resources,
      RedisClient client,
      StatefulRedisConnection<byte[], byte[]> connection,
      StatefulRedisPubSubConnection<byte[], byte[]> listener) {
    this.resources = resources;
    this.client = client;
    this.connection = connection;
    this.listener = listener;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // Nobody waits for a connection to be closed.
  static SingleServerConnections connect(
      RedisStoreUri storeUri,
      ClientResources resources,
      ClientOptions options,
      RedisConnectionStateListener onConnected) {
    RedisURI uri = storeUri.uris().get(0);
    RedisClient client = RedisClient.create(resources, uri);
    client.setOptions(options);
    client.addListener(onConnected);
    StatefulRedisConnection<byte[], byte[]> connection = client.connect(ByteArrayCodec.INSTANCE);
    try {
      return new SingleServerConnections(
          resources, client, connection, client.connectPubSub(ByteArrayCodec.INSTANCE));
    } catch (RuntimeException e) {
      connection.closeAsync();
      throw e;
    }
  }

  @Override
  public RedisClusterAsyncCommands<byte[], byte[]> commands() {
    return connection.async();
  }

  @Override
  public List<String> masters() {
    return List.of(ONLY);
  }

  @Override
  public String masterOf(byte[] key) {
    return ONLY;
  }

  @Override
  public CompletionStage<RedisClusterAsyncCommands<byte[], byte[]>> master(String name) {
    return CompletableFuture.completedFuture(commands());
  }

  @Override
  public StatefulRedisPubSubConnection<byte[], byte[]> listener() {
    return listener;
  }

  @Override
  public List<CompletionStage<String>> ping() {
    return List.of(listener.async().ping());
  }

  @Override
  public void close() {
    RedisConnectionFactory.close(List.of(listener, connection), client, resources);
  }
}
