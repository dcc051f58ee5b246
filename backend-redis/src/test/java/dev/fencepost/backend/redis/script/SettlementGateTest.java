package dev.fencepost.backend.redis.script;

import static dev.fencepost.testkit.replica.OpenReplica.answer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.backend.redis.TestReplica;
import dev.fencepost.backend.redis.connection.NettyChannels;
import dev.fencepost.backend.redis.connection.RedisConnectionFactory;
import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.connection.RedisSettings;
import dev.fencepost.backend.redis.connection.RedisStoreUri;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.testkit.process.RedisServer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Reads fill their own queue and leave the search for lost state alone. */
final class SettlementGateTest {
  private static final int MORE_THAN_READS_MAY_WAIT = 500;

  @Test
  void floodOfReads_doesNotDelayTheSearchForLostState() {
    try (RedisServer redis = new RedisServer("appendonly no")) {
      redis.start();
      RedisSettings settings =
          RedisSettings.of(
              new StoreSettings(
                  redis.uri(),
                  TestReplica.CALL_TIMEOUT,
                  Map.of("in-flight", "256", "queue", "100")));
      NettyChannels channels = new NettyChannels(TestReplica.CALL_TIMEOUT);
      RedisStoreUri storeUri = RedisStoreUri.of(redis.uri(), settings);
      try (CallDeadlines deadlines = new CallDeadlines("test-deadlines", error -> {});
          RedisConnections connections =
              RedisConnectionFactory.connect(storeUri, settings, channels)) {
        ScriptRunner runner =
            new ScriptRunner(
                connections, settings, new TokenFloors(ReplicaId.of(1)), deadlines, () -> {});
        redis.pause();
        List<CompletionStage<String>> reads = new ArrayList<>();
        for (int i = 0; i < MORE_THAN_READS_MAY_WAIT; i++) {
          reads.add(runner.sendCommand(each -> each.ping(), pong -> pong));
        }
        List<CompletionStage<BucketStates.Settlement>> settlements = new ArrayList<>();
        for (int bucket = 0; bucket < RedisSchema.BUCKETS; bucket++) {
          settlements.add(runner.settle(bucket));
        }
        redis.resume();
        assertThat(reads.get(MORE_THAN_READS_MAY_WAIT - 1).toCompletableFuture())
            .as("one read too many")
            .isCompletedExceptionally();
        settlements.forEach(each -> assertThat(answer(each).quietMillis()).isPositive());
        runner.close();
      }
    }
  }
}
