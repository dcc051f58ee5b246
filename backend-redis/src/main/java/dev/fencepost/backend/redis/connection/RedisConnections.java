package dev.fencepost.backend.redis.connection;

import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The connections to the store: one that all requests share, or one to each master of a cluster,
 * and one that listens. A broken connection is opened again without being asked for. Meanwhile each
 * call fails at once, and no request is ever sent twice. Safe for use by many threads.
 */
public interface RedisConnections extends AutoCloseable {

  /** True if there are several masters, and connections that come and go with them. */
  boolean isCluster();

  /** Adds a listener for each connection that is opened or breaks from now on. */
  void addListener(RedisConnectionStateListener added);

  /** Returns the commands of the connection that all requests share. */
  RedisClusterAsyncCommands<byte[], byte[]> commands();

  /** Returns the names of the servers that together hold all keys, in a stable order. */
  List<String> masters();

  /** Returns which of the {@link #masters()} has the key; empty while that is unknown. */
  String masterOf(byte[] key);

  /** Returns the commands of one of the {@link #masters()}. */
  CompletionStage<RedisClusterAsyncCommands<byte[], byte[]>> master(String name);

  /** Returns the connection that listens. */
  StatefulRedisPubSubConnection<byte[], byte[]> listener();

  /** Sends a PING on the connections that may have no other traffic. */
  List<CompletionStage<String>> ping();

  /** Closes all connections, without waiting for any of them. */
  @Override
  void close();
}
