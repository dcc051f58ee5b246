package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Connections to a cluster. A bucket's requests go to the master that has its slot. */
final class ClusterConnections implements RedisConnections {
  private final ClientResources resources;
  private final RedisClusterClient client;
  private final StatefulRedisClusterConnection<byte[], byte[]> connection;
  private final StatefulRedisPubSubConnection<byte[], byte[]> listener;

  private ClusterConnections(
      ClientResources resources,
      RedisClusterClient client,
      StatefulRedisClusterConnection<byte[], byte[]> connection,
      StatefulRedisPubSubConnection<byte[], byte[]> listener) {
    this.resources = resources;
    this.client = client;
    this.connection = connection;
    this.listener = listener;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // Nobody waits for a connection to be closed.
  static ClusterConnections connect(
      RedisStoreUri storeUri,
      ClientResources resources,
      ClusterClientOptions options,
      RedisConnectionStateListener onConnected) {
    RedisClusterClient client = RedisClusterClient.create(resources, storeUri.uris());
    client.setOptions(options);
    client.addListener(onConnected);
    StatefulRedisClusterConnection<byte[], byte[]> connection =
        client.connect(ByteArrayCodec.INSTANCE);
    try {
      return new ClusterConnections(
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
    return connection.getPartitions().stream()
        .filter(node -> node.getRole().isUpstream() && !node.getSlots().isEmpty())
        .map(RedisClusterNode::getNodeId)
        .sorted()
        .toList();
  }

  @Override
  public String masterOf(byte[] key) {
    RedisClusterNode node = connection.getPartitions().getPartitionBySlot(SlotHash.getSlot(key));
    return node == null ? "" : node.getNodeId();
  }

  @Override
  public CompletionStage<RedisClusterAsyncCommands<byte[], byte[]>> master(String name) {
    RedisClusterNode node = connection.getPartitions().getPartitionByNodeId(name);
    if (node == null) {
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_UNREACHABLE, "that master has left the cluster"));
    }
    // By address, as for slots: then the library uses one connection, which is opened at the start.
    RedisURI uri = node.getUri();
    return connection
        .getConnectionAsync(uri.getHost(), uri.getPort())
        .thenApply(StatefulRedisConnection::async);
  }

  @Override
  public StatefulRedisPubSubConnection<byte[], byte[]> listener() {
    return listener;
  }

  /** The second PING goes over the connection for commands without a key, which is idle else. */
  @Override
  public List<CompletionStage<String>> ping() {
    return List.of(listener.async().ping(), connection.async().ping());
  }

  @Override
  public void close() {
    RedisConnectionFactory.close(List.of(listener, connection), client, resources);
  }
}
