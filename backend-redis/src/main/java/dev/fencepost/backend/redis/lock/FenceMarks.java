package dev.fencepost.backend.redis.lock;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.ScriptTexts;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * The high-water marks of resources: for each, the highest token that passed. Safe for use by many
 * threads.
 */
public final class FenceMarks {
  private final ScriptRunner runner;
  private final Duration retention;

  /**
   * Keeps marks.
   *
   * @param retention how long an unused mark is kept
   */
  public FenceMarks(ScriptRunner runner, Duration retention) {
    this.runner = runner;
    this.retention = retention;
  }

  /** Lets a token pass if it is not below the resource's mark, and raises the mark to it. */
  public CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    int bucket = RedisSchema.bucketOf(resource);
    byte[][] values = new byte[6][];
    runner.memory().fill(values, bucket);
    values[4] = DecimalText.of(token.value(), DecimalText.TOKEN_WIDTH);
    values[5] = DecimalText.of(retention.toMillis());
    return runner.run(
        bucket,
        LuaScript.ADVANCE,
        new ScriptTexts.Arguments(
            runner.schema().stepKeys(bucket, runner.schema().mark(bucket, resource)), values),
        (byte[] reply) -> parseAdvance(bucket, new ReplyParser(reply)));
  }

  /** Removes a resource's mark and returns its value. */
  public CompletionStage<Optional<FencingToken>> reset(ResourceName resource) {
    byte[] key = runner.schema().mark(RedisSchema.bucketOf(resource), resource);
    return runner.sendCommand(
        redis -> redis.getdel(key),
        mark ->
            mark == null
                ? Optional.empty()
                : Optional.of(
                    new FencingToken(new ReplyParser(mark).number(DecimalText.TOKEN_WIDTH))));
  }

  private FenceAdvance parseAdvance(int bucket, ReplyParser reply) {
    char letter = reply.letter();
    long number = reply.number(DecimalText.TOKEN_WIDTH);
    if (!reply.isAtEnd()) {
      runner.memory().recordToken(bucket, reply.number(DecimalText.TOKEN_WIDTH));
    }
    return switch (letter) {
      case 'T' -> new FenceAdvance.TooFarAhead(number);
      case 'S' -> new FenceAdvance.Stale(new FencingToken(number));
      case 'U' -> new FenceAdvance.Unchanged(new FencingToken(number));
      default -> new FenceAdvance.Advanced(new FencingToken(number));
    };
  }
}
