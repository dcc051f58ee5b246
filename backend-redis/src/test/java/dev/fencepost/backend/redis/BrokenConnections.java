package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.NettyChannels;
import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.connection.TimeoutSweeper;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.TokenFloors;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreSettings;
import io.lettuce.core.RedisException;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Connections on which every command fails at once. */
public final class BrokenConnections implements RedisConnections {
  private final Supplier<List<String>> masters;

  private BrokenConnections(Supplier<List<String>> masters) {
    this.masters = masters;
  }

  /** Returns a runner on such connections, without a server. */
  public static ScriptRunner runner(TimeoutSweeper timeouts, Supplier<List<String>> masters) {
    return new ScriptRunner(
        new BrokenConnections(masters),
        RedisSettings.of(StoreSettings.of("redis://nowhere")),
        new TokenFloors(ReplicaId.of(1)),
        timeouts,
        new NettyChannels(TestReplica.CALL_TIMEOUT));
  }

  @Override
  public RedisClusterAsyncCommands<byte[], byte[]> commands() {
    throw new RedisException("no connection");
  }

  @Override
  public List<String> masters() {
    return masters.get();
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
