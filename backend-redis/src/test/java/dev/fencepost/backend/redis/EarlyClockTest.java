package dev.fencepost.backend.redis;

import static dev.fencepost.testkit.replica.OpenReplica.claim;
import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ScriptTexts;
import dev.fencepost.backend.redis.script.TokenFloors;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.LockState;
import dev.fencepost.testkit.process.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A clock before September 2001, whose seconds have nine digits. */
final class EarlyClockTest {
  private static final RedisServer REDIS = new RedisServer("appendonly no");
  private static final Instant THEN = Instant.parse("2001-01-02T03:04:05Z");

  @BeforeAll
  static void start() {
    REDIS.start();
  }

  @AfterAll
  static void end() {
    REDIS.close();
  }

  @Test
  void recordsAndTokens_canBeRead() throws IOException {
    RedisClient client = RedisClient.create(REDIS.uri());
    try (TestReplica replica = new TestReplica(REDIS.uri());
        StatefulRedisConnection<byte[], byte[]> connection =
            client.connect(ByteArrayCodec.INSTANCE)) {
      Claim claim = claim("early");
      String answer = acquireThen(connection, claim);
      assertThat(answer).isEqualTo("N0978404645000007000");
      LockState state = replica.describe("early");
      assertThat(state.holder().orElseThrow().acquiredAt()).isEqualTo(THEN.plusNanos(7_000));
      assertThat(replica.acquire(claim).token().value()).isEqualTo(978_404_645_000_007_000L);
    } finally {
      client.shutdown();
    }
  }

  /** Runs the acquire script with the clock at {@link #THEN}, on a bucket without tokens. */
  private static String acquireThen(StatefulRedisConnection<byte[], byte[]> connection, Claim claim)
      throws IOException {
    RedisSchema schema = new RedisSchema("fp");
    int bucket = RedisSchema.bucketOf(claim.lock());
    byte[][] values =
        new TokenFloors(dev.fencepost.lock.ReplicaId.of(1))
            .values(
                bucket,
                RedisRecordCodec.claimText(claim.id()),
                new RedisRecordCodec.Terms(claim.lease(), claim.claimant().mode()).write(),
                RedisRecordCodec.writeClaimant(claim.claimant()),
                new byte[] {'N'},
                DecimalText.of(claim.lease().whole().toMillis()));
    connection.sync().del(schema.tokens(bucket));
    connection
        .sync()
        .lpush(schema.tokens(bucket), ("0".repeat(19) + "\1").getBytes(StandardCharsets.US_ASCII));
    byte[] reply =
        connection
            .sync()
            .eval(
                sourceAt(LuaScript.ACQUIRE, THEN.getEpochSecond()),
                ScriptOutputType.VALUE,
                schema.stepKeys(bucket, schema.lock(bucket, claim.lock())),
                values);
    return new String(reply, StandardCharsets.US_ASCII);
  }

  /** Returns a script's text, with a fixed time instead of the clock. */
  static byte[] sourceAt(LuaScript script, long seconds) throws IOException {
    StringBuilder all = new StringBuilder("#!lua\n");
    for (String part : script.parts()) {
      try (InputStream in = ScriptTexts.class.getResourceAsStream(part + ".lua")) {
        all.append(new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    String source = all.toString();
    assertThat(source).contains("redis.call('TIME')");
    return source
        .replace("redis.call('TIME')", "{'" + seconds + "', '7'}")
        .getBytes(StandardCharsets.UTF_8);
  }
}
