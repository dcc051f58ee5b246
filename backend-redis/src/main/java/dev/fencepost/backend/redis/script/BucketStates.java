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
  private static final int IDENTITY = DecimalText.MICROS + ReplicaId.LENGTH;

  private static final int PREDECESSOR = IDENTITY + DecimalText.TOKEN;
  private static final int RUN = PREDECESSOR + IDENTITY;

  /** One for each master of a large cluster; those of former runs are of no use. */
  private static final int MOST_RUNS = 64;

  private final RedisConnections connections;
  private final String prefix;
  private final RedisSchema schema;
  private final TokenMemory memory;
  private final ScriptTexts unbound;
  private final AtomicReferenceArray<Known> known = new AtomicReferenceArray<>(RedisSchema.BUCKETS);
  private final Map<String, ScriptTexts> byRun = new ConcurrentHashMap<>();

  private record Known(String beginning, ScriptTexts scripts) {}

  /**
   * What settling a bucket told.
   *
   * @param quietMillis for how long nothing is granted in it
   * @param news whether it has another beginning than this replica knew
   * @param lost whether it lacks something that this replica knew
   * @param scripts those for the run that serves it
   */
  public record Settled(long quietMillis, boolean news, boolean lost, ScriptTexts scripts) {}

  BucketStates(
      RedisConnections connections, String prefix, RedisSchema schema, TokenMemory memory) {
    this.connections = connections;
    this.prefix = prefix;
    this.schema = schema;
    this.memory = memory;
    this.unbound = new ScriptTexts(prefix, "");
    for (int bucket = 0; bucket < RedisSchema.BUCKETS; bucket++) {
      known.set(bucket, new Known("", unbound));
    }
  }

  /**
   * The scripts for the run that served the bucket when it was settled last. After doubts they are
   * for none, so that the store does not know them, and the bucket is settled first.
   */
  public ScriptTexts scripts(int bucket) {
    return known.get(bucket).scripts();
  }

  /** The scripts for every run; those that are for one run alone belong to none here. */
  public ScriptTexts scripts() {
    return unbound;
  }

  /**
   * Another run may serve the bucket from now on, or the same one with another history: a process
   * that is demoted and promoted again keeps the scripts that it knew.
   */
  public void doubt(int bucket) {
    known.updateAndGet(bucket, last -> new Known(last.beginning(), unbound));
  }

  /** The same for every bucket. */
  public void doubt() {
    for (int bucket = 0; bucket < RedisSchema.BUCKETS; bucket++) {
      doubt(bucket);
    }
  }

  /**
   * Sees who serves the bucket and what it lacks; if it lacks something, nothing is granted in it
   * until the grants that this replica remembers have ended.
   */
  CompletionStage<Settled> settle(int bucket) {
    String before = known.get(bucket).beginning();
    byte[] lastToken = memory.lastToken(bucket);
    ScriptTexts.Arguments arguments =
        new ScriptTexts.Arguments(
            schema.step(bucket, schema.beginning(bucket)),
            memory.selfText(),
            memory.leastToken(),
            lastToken,
            DecimalText.of(memory.quietMillis(bucket)),
            DecimalText.of(TokenMemory.LEAST_QUIET_MILLIS),
            before.getBytes(StandardCharsets.US_ASCII));
    ScriptOutputType type = ScriptOutputType.VALUE;
    return unbound
        .<byte[]>run(connections.store(), LuaScript.SETTLE, type, arguments)
        .exceptionallyCompose(
            error ->
                RedisErrors.isUnknownScript(error)
                    ? unbound.<byte[]>runWhole(
                        connections.store(), LuaScript.SETTLE, type, arguments)
                    : CompletableFuture.<byte[]>failedFuture(error))
        .thenApply(reply -> settled(bucket, before, lastToken, new ReplyParser(reply)));
  }

  private Settled settled(int bucket, String before, byte[] lastToken, ReplyParser reply) {
    long quiet = reply.numberUpTo(':');
    String beginning = reply.rest();
    if (byRun.size() > MOST_RUNS) {
      byRun.clear();
    }
    ScriptTexts scripts =
        byRun.computeIfAbsent(beginning.substring(RUN), run -> new ScriptTexts(prefix, run));
    known.set(bucket, new Known(beginning, scripts));
    if (before.isEmpty() || identity(before).equals(identity(beginning))) {
      return new Settled(quiet, false, false, scripts);
    }
    String seenLast = ascii(lastToken);
    boolean gap = seenLast.compareTo(beginning.substring(IDENTITY, PREDECESSOR)) > 0;
    boolean missed = !identity(before).equals(beginning.substring(PREDECESSOR, RUN));
    boolean knows = !seenLast.equals(ascii(DecimalText.of(0, DecimalText.TOKEN)));
    return new Settled(quiet, true, knows && (gap || missed), scripts);
  }

  private static String identity(String beginning) {
    return beginning.substring(0, IDENTITY);
  }

  private static String ascii(byte[] text) {
    return new String(text, StandardCharsets.US_ASCII);
  }
}
