package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.TokenFloors;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.CallDeadlines;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisException;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Connections on which every command fails at once. */
public class BrokenConnections implements RedisConnections {

  /** Returns a runner on these connections, without a server. */
  public final ScriptRunner runner(CallDeadlines deadlines) {
    return new ScriptRunner(
        this,
        RedisSettings.of(StoreSettings.of("redis://nowhere")),
        new TokenFloors(ReplicaId.of(1)),
        deadlines,
        () -> {});
  }

  @Override
  public boolean isCluster() {
    return false;
  }

  @Override
  public void addListener(RedisConnectionStateListener added) {}

  @Override
  public RedisClusterAsyncCommands<byte[], byte[]> commands() {
    throw new RedisException("no connection");
  }

  @Override
  public List<String> masters() {
    return List.of();
  }

  @Override
  public String masterOf(byte[] key) {
    return "";
  }

  @Override
  public CompletionStage<RedisClusterAsyncCommands<byte[], byte[]>> master(String name) {
    throw new RedisException("no connection");
  }

  @Override
  public StatefulRedisPubSubConnection<byte[], byte[]> listener() {
    throw new RedisException("no connection");
  }

  @Override
  public List<CompletionStage<String>> ping() {
    return List.of();
  }

  @Override
  public void close() {}
}
