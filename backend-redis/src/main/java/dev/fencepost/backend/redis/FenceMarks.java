package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.backend.redis.script.ScriptRunner;
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
final class FenceMarks {
  private final ScriptRunner runner;
  private final Duration retention;

  /**
   * Keeps marks.
   *
   * @param retention how long an unused mark is kept
   */
  FenceMarks(ScriptRunner runner, Duration retention) {
    this.runner = runner;
    this.retention = retention;
  }

  /** Lets a token pass if it is not below the resource's mark, and raises the mark to it. */
  CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    int bucket = RedisSchema.bucketOf(resource);
    return runner.runStep(
        bucket,
        LuaScript.ADVANCE,
        runner.schema().mark(bucket, resource),
        reply -> parseAdvance(bucket, reply),
        DecimalText.ofToken(token.value()),
        DecimalText.of(retention.toMillis()));
  }

  /** Removes a resource's mark and returns its value. */
  CompletionStage<Optional<FencingToken>> reset(ResourceName resource) {
    byte[] key = runner.schema().mark(RedisSchema.bucketOf(resource), resource);
    return runner.sendCommand(
        redis -> redis.getdel(key),
        mark ->
            mark == null
                ? Optional.empty()
                : Optional.of(new FencingToken(new ReplyParser(mark).token())));
  }

  private FenceAdvance parseAdvance(int bucket, ReplyParser reply) {
    char letter = reply.letter();
    long number = reply.token();
    if (!reply.isAtEnd()) {
      runner.memory().recordToken(bucket, reply.token());
    }
    return switch (letter) {
      case 'T' -> new FenceAdvance.TooFarAhead(number);
      case 'S' -> new FenceAdvance.Stale(new FencingToken(number));
      case 'U' -> new FenceAdvance.Unchanged(new FencingToken(number));
      default -> new FenceAdvance.Advanced(new FencingToken(number));
    };
  }
}
