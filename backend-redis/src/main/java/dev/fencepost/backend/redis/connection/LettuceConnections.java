package dev.fencepost.backend.redis.connection;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The connections of one client of the library. */
abstract class LettuceConnections implements RedisConnections {
  private final AbstractRedisClient client;
  private final RedisClusterAsyncCommands<byte[], byte[]> commands;
  private final StatefulRedisPubSubConnection<byte[], byte[]> listener;

  private LettuceConnections(
      AbstractRedisClient client,
      RedisClusterAsyncCommands<byte[], byte[]> commands,
      StatefulRedisPubSubConnection<byte[], byte[]> listener) {
    this.client = client;
    this.commands = commands;
    this.listener = listener;
  }

  @Override
  public boolean isCluster() {
    return client instanceof RedisClusterClient;
  }

  @Override
  public void addListener(RedisConnectionStateListener added) {
    client.addListener(added);
  }

  @Override
  public RedisClusterAsyncCommands<byte[], byte[]> commands() {
    return commands;
  }

  @Override
  public StatefulRedisPubSubConnection<byte[], byte[]> listener() {
    return listener;
  }

  @Override
  public void close() {
    RedisConnectionFactory.close(client);
  }

  /** Connections to one server, or to the one that the sentinels name at each connect. */
  static final class SingleServer extends LettuceConnections {
    private static final String ONLY = "server";

    SingleServer(RedisClient client) {
      super(
          client,
          client.connect(ByteArrayCodec.INSTANCE).async(),
          client.connectPubSub(ByteArrayCodec.INSTANCE));
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
    public List<CompletionStage<String>> ping() {
      return List.of(listener().async().ping());
    }
  }

  /** Connections to a cluster. A bucket's requests go to the master that has its slot. */
  static final class Cluster extends LettuceConnections {
    private final StatefulRedisClusterConnection<byte[], byte[]> connection;

    Cluster(RedisClusterClient client) {
      this(client, client.connect(ByteArrayCodec.INSTANCE));
    }

    private Cluster(
        RedisClusterClient client, StatefulRedisClusterConnection<byte[], byte[]> connection) {
      super(client, connection.async(), client.connectPubSub(ByteArrayCodec.INSTANCE));
      this.connection = connection;
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
      // By address, as for slots: then the library uses one connection, opened at the start.
      RedisURI uri = node.getUri();
      return connection
          .getConnectionAsync(uri.getHost(), uri.getPort())
          .thenApply(StatefulRedisConnection::async);
    }

    /** The second PING goes over the connection for commands without a key, which is idle else. */
    @Override
    public List<CompletionStage<String>> ping() {
      return List.of(listener().async().ping(), commands().ping());
    }
  }
}
