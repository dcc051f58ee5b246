package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockName;
import dev.fencepost.testkit.process.RedisServer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** A replica of version 0.1: runs the scripts of that version. */
final class FormerReplica implements AutoCloseable {
  private static final String SELF = "00000000000000f0";
  private static final String QUIET = "60000";

  private final RedisSchema schema = new RedisSchema("fp");
  private final RedisClient client;
  private final StatefulRedisConnection<String, String> connection;

  FormerReplica(RedisServer redis) {
    client = RedisClient.create(redis.uri());
    connection = client.connect(StringCodec.UTF8);
  }

  /** Settles a bucket with a memory of this many milliseconds. Returns the bucket's age. */
  String settle(int bucket, String known, long quietMillis) {
    String age = text(schema.stepKeys(bucket, new byte[0])[3]);
    return run(
        "bucket settle",
        List.of(age, text(schema.tokens(bucket)), age),
        SELF,
        digits(1),
        digits(0),
        "" + quietMillis,
        known);
  }

  /** Returns N and the token, or a text that begins with B. */
  String acquire(Claim claim, long seen) {
    return run(
        "acquire_free record bucket token attempt acquire",
        keysOf(claim.lock()),
        SELF,
        digits(seen + 1),
        digits(seen),
        QUIET,
        text(RedisRecordCodec.claimText(claim.id())),
        text(new RedisRecordCodec.Terms(claim.lease(), claim.claimant().mode()).write()),
        text(RedisRecordCodec.writeClaimant(Claimant.named("former"))),
        "N",
        "" + claim.lease().whole().toMillis());
  }

  /** Returns R and the terms, or the reason why the grant is lost. */
  String renew(Grant grant) {
    List<String> of = keysOf(grant.ref().lock());
    List<String> answers =
        connection
            .sync()
            .eval(
                source("record renew"),
                ScriptOutputType.MULTI,
                new String[] {of.get(0), of.get(1)},
                text(RedisRecordCodec.claimText(grant.ref().claim())),
                digits(grant.token().value()));
    return answers.get(0);
  }

  /** Returns R, or the reason why the grant is lost. */
  String release(Grant grant) {
    return run(
        "release_alone record release",
        keysOf(grant.ref().lock()).subList(0, 1),
        SELF,
        text(RedisRecordCodec.claimText(grant.ref().claim())),
        digits(grant.token().value()),
        "0");
  }

  @Override
  public void close() {
    client.shutdown();
  }

  private List<String> keysOf(LockName lock) {
    int bucket = RedisSchema.bucketOf(lock);
    byte[][] step = schema.stepKeys(bucket, schema.lock(bucket, lock));
    return List.of(text(step[0]), text(step[1]), text(step[3]));
  }

  private String run(String parts, List<String> names, String... values) {
    return connection
        .sync()
        .eval(source(parts), ScriptOutputType.VALUE, names.toArray(String[]::new), values);
  }

  private static String source(String parts) {
    StringBuilder all = new StringBuilder("#!lua\n");
    for (String part : parts.split(" ", -1)) {
      String name = "former/" + part + ".lua";
      try (InputStream in = FormerReplica.class.getResourceAsStream(name)) {
        all.append(
            new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return all.toString().replace("${prefix}", "fp");
  }

  private static String digits(long number) {
    return text(DecimalText.of(number, DecimalText.TOKEN_WIDTH));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
