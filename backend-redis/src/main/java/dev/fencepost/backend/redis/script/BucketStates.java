package dev.fencepost.backend.redis.script;

import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.ReplicaId;
import io.lettuce.core.ScriptOutputType;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * What this replica knows of each bucket: its beginning, and the run of Redis that serves it. Safe
 * for use by many threads.
 */
public final class BucketStates {
  /** The beginning's identity: when, and by whom. */
  private static final int IDENTITY = DecimalText.MICROS_WIDTH + ReplicaId.LENGTH;

  private static final int PREDECESSOR = IDENTITY + DecimalText.TOKEN_WIDTH;
  private static final int RUN = PREDECESSOR + IDENTITY;

  /** One for each master of a large cluster; those of former runs are of no use. */
  private static final int MOST_RUNS = 64;

  private final RedisConnections connections;
  private final String prefix;
  private final RedisSchema schema;
  private final TokenMemory memory;
  private final ScriptTexts unbound;
  private final AtomicReferenceArray<BucketState> states =
      new AtomicReferenceArray<>(RedisSchema.BUCKETS);
  private final Map<String, ScriptTexts> byRun = new ConcurrentHashMap<>();

  private record BucketState(String beginning, ScriptTexts scripts) {}

  /**
   * What settling a bucket told.
   *
   * @param quietMillis for how long nothing is granted in it
   * @param news whether it has another beginning than this replica knew
   * @param lost whether it lacks something that this replica knew
   * @param scripts those for the run that serves it
   */
  public record Settlement(long quietMillis, boolean changed, boolean lost, ScriptTexts scripts) {}

  BucketStates(
      RedisConnections connections, String prefix, RedisSchema schema, TokenMemory memory) {
    this.connections = connections;
    this.prefix = prefix;
    this.schema = schema;
    this.memory = memory;
    this.unbound = new ScriptTexts(prefix, "");
    for (int bucket = 0; bucket < RedisSchema.BUCKETS; bucket++) {
      states.set(bucket, new BucketState("", unbound));
    }
  }

  /**
   * The scripts for the run that served the bucket when it was settled last. After doubts they are
   * for none, so that the store does not know them, and the bucket is settled first.
   */
  public ScriptTexts scripts(int bucket) {
    return states.get(bucket).scripts();
  }

  /** The scripts for every run; those that are for one run alone belong to none here. */
  public ScriptTexts unboundScripts() {
    return unbound;
  }

  /**
   * Another run may serve the bucket from now on, or the same one with another history: a process
   * that is demoted and promoted again keeps the scripts that it knew.
   */
  public void invalidate(int bucket) {
    states.updateAndGet(bucket, last -> new BucketState(last.beginning(), unbound));
  }

  /** The same for every bucket. */
  public void invalidateAll() {
    for (int bucket = 0; bucket < RedisSchema.BUCKETS; bucket++) {
      invalidate(bucket);
    }
  }

  /**
   * Sees who serves the bucket and what it lacks; if it lacks something, nothing is granted in it
   * until the grants that this replica remembers have ended.
   */
  CompletionStage<Settlement> settle(int bucket) {
    String before = states.get(bucket).beginning();
    byte[] lastToken = memory.lastToken(bucket);
    ScriptTexts.Arguments arguments =
        new ScriptTexts.Arguments(
            schema.stepKeys(bucket, schema.beginning(bucket)),
            memory.selfText(),
            memory.leastToken(),
            lastToken,
            DecimalText.of(memory.quietMillis(bucket)),
            DecimalText.of(TokenMemory.MIN_QUIET_MILLIS),
            before.getBytes(StandardCharsets.US_ASCII));
    ScriptOutputType type = ScriptOutputType.VALUE;
    return unbound
        .<byte[]>runByDigest(connections.commands(), LuaScript.SETTLE, type, arguments)
        .exceptionallyCompose(
            error ->
                RedisErrors.isUnknownScript(error)
                    ? unbound.<byte[]>runByText(
                        connections.commands(), LuaScript.SETTLE, type, arguments)
                    : CompletableFuture.<byte[]>failedFuture(error))
        .thenApply(reply -> recordSettlement(bucket, before, lastToken, new ReplyParser(reply)));
  }

  private Settlement recordSettlement(
      int bucket, String before, byte[] lastToken, ReplyParser reply) {
    long quiet = reply.numberUpTo(':');
    String beginning = reply.rest();
    if (byRun.size() > MOST_RUNS) {
      byRun.clear();
    }
    ScriptTexts scripts =
        byRun.computeIfAbsent(beginning.substring(RUN), run -> new ScriptTexts(prefix, run));
    states.set(bucket, new BucketState(beginning, scripts));
    if (before.isEmpty() || identity(before).equals(identity(beginning))) {
      return new Settlement(quiet, false, false, scripts);
    }
    String seenLast = ascii(lastToken);
    boolean gap = seenLast.compareTo(beginning.substring(IDENTITY, PREDECESSOR)) > 0;
    boolean missed = !identity(before).equals(beginning.substring(PREDECESSOR, RUN));
    boolean knows = !seenLast.equals(ascii(DecimalText.of(0, DecimalText.TOKEN_WIDTH)));
    return new Settlement(quiet, true, knows && (gap || missed), scripts);
  }

  private static String identity(String beginning) {
    return beginning.substring(0, IDENTITY);
  }

  private static String ascii(byte[] text) {
    return new String(text, StandardCharsets.US_ASCII);
  }
}
