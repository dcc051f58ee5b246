package dev.fencepost.backend.redis;

import static dev.fencepost.backend.redis.TestReplica.isGranted;
import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.awaitility.Awaitility.await;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.TokenFloors;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.QueueIntent;
import dev.fencepost.testkit.process.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A clock that is set back, as happens shortly after the start of a machine. */
final class SteppedClockTest {
  private static final RedisServer REDIS = new RedisServer("appendonly no");
  private static final String LOCK = "stepped";

  @BeforeAll
  static void start() {
    REDIS.start();
  }

  @AfterAll
  static void end() {
    REDIS.close();
  }

  @Test
  void quietTimeOfAClockThatWasAhead_endsSoonAfterItIsSetRight() throws IOException {
    RedisClient client = RedisClient.create(REDIS.uri());
    try (StatefulRedisConnection<byte[], byte[]> connection =
        client.connect(ByteArrayCodec.INSTANCE)) {
      settleAt(connection, Instant.now().plus(Duration.ofHours(5)));
    } finally {
      client.shutdown();
    }
    try (TestReplica replica = new TestReplica(REDIS.uri())) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> isGranted(replica.attempt(claim(LOCK), QueueIntent.NONE)));
    }
  }

  private static void settleAt(StatefulRedisConnection<byte[], byte[]> connection, Instant clock)
      throws IOException {
    RedisSchema schema = new RedisSchema("fp");
    int bucket = RedisSchema.bucketOf(new LockName(LOCK));
    byte[][] values =
        new TokenFloors(ReplicaId.of(1))
            .values(bucket, DecimalText.of(TokenFloors.MIN_QUIET_MILLIS), new byte[0]);
    connection
        .sync()
        .eval(
            EarlyClockTest.sourceAt(LuaScript.SETTLE, clock.getEpochSecond()),
            ScriptOutputType.VALUE,
            schema.stepKeys(bucket, schema.beginning(bucket)),
            values);
  }
}
