package dev.fencepost.backend.redis.connection;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The connections to the store: one that everything shares, or one to each master of a cluster, and
 * one that listens. They are made anew by themselves when they break; meanwhile every call fails at
 * once, and nothing is ever sent twice. Safe for use by many threads.
 */
public interface RedisConnections extends AutoCloseable {

  /** Where everything is asked. */
  RedisClusterAsyncCommands<byte[], byte[]> commands();

  /** The names of the servers that together hold all keys, in a stable order. */
  List<String> masters();

  /** Which of the {@link #masters()} has the key; empty while none is known to. */
  String masterOf(byte[] key);

  /** One of the {@link #masters()}, to be asked for what concerns it alone. */
  CompletionStage<RedisClusterAsyncCommands<byte[], byte[]>> master(String name);

  /** The connection that listens. */
  StatefulRedisPubSubConnection<byte[], byte[]> listener();

  /** Asks for a sign of life on the connections that may have nothing else to say. */
  List<CompletionStage<String>> ping();

  /** Closes all connections; waits for none of them. */
  @Override
  void close();
}
