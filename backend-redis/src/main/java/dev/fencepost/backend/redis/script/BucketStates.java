package dev.fencepost.backend.redis.script;

import dev.fencepost.backend.redis.connection.RedisConnections;
import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.lock.ReplicaId;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The state of each bucket as this replica knows it: its beginning, and the run of Redis that
 * serves it.
 *
 * <p>A run is a Redis process, together with the history that it continues if it was promoted. A
 * bucket gets a new beginning when another run starts to serve it, or when it lost state. To settle
 * a bucket is to compare its beginning with the known one, and thus to notice lost state before a
 * token is given. Safe for use by many threads.
 */
public final class BucketStates {
  /** Length of a beginning's identity: the time, and the replica that wrote it. */
  private static final int IDENTITY = DecimalText.MICROS_WIDTH + ReplicaId.LENGTH;

  private static final int PREDECESSOR = IDENTITY + DecimalText.TOKEN_WIDTH;
  private static final int RUN = PREDECESSOR + IDENTITY;

  /** Enough for each master of a large cluster. The texts for former runs are never used again. */
  private static final int MOST_RUNS = 64;

  private final RedisConnections connections;
  private final String prefix;
  private final RedisSchema schema;
  private final TokenFloors memory;
  private final ScriptTexts unbound;
  private final AtomicReferenceArray<BucketState> states =
      new AtomicReferenceArray<>(RedisSchema.BUCKETS);
  private final Map<String, ScriptTexts> byRun = new ConcurrentHashMap<>();

  private record BucketState(String beginning, ScriptTexts scripts) {}

  /**
   * The result of settling a bucket.
   *
   * @param quietMillis time for which nothing is granted in the bucket
   * @param changed true if its beginning is another one than this replica knew
   * @param lost true if it lacks something that this replica knew
   * @param scripts the scripts for the run that serves it
   */
  public record Settlement(long quietMillis, boolean changed, boolean lost, ScriptTexts scripts) {}

  BucketStates(
      RedisConnections connections, String prefix, RedisSchema schema, TokenFloors memory) {
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
   * Returns the scripts for the run that served the bucket when it was last settled. After {@link
   * #invalidate} they are for no run, so that Redis does not know them and the bucket is settled
   * first.
   */
  public ScriptTexts scripts(int bucket) {
    return states.get(bucket).scripts();
  }

  /** Returns the scripts for any run. Those that are bound to one run are bound to none here. */
  ScriptTexts unboundScripts() {
    return unbound;
  }

  /** Loads the scripts for any run into a server; true once they are sent. */
  public boolean loadScripts(RedisClusterAsyncCommands<byte[], byte[]> node) {
    unbound.load(node);
    return true;
  }

  /**
   * Makes the bucket be settled before the next token. Called when another run may serve it, or the
   * same process with another history: a process that is demoted and promoted again keeps its
   * scripts.
   */
  void invalidate(int bucket) {
    states.updateAndGet(bucket, last -> new BucketState(last.beginning(), unbound));
  }

  /** Does the same for all buckets. */
  public void invalidateAll() {
    for (int bucket = 0; bucket < RedisSchema.BUCKETS; bucket++) {
      invalidate(bucket);
    }
  }

  /**
   * Reads which run serves the bucket and whether it lost state. If so, nothing is granted in it
   * until the grants that this replica remembers have ended.
   */
  CompletionStage<Settlement> settle(int bucket) {
    String before = states.get(bucket).beginning();
    byte[][] values =
        memory.values(
            bucket,
            DecimalText.of(TokenFloors.MIN_QUIET_MILLIS),
            before.getBytes(StandardCharsets.US_ASCII));
    String lastToken = ascii(values[2]);
    ScriptTexts.Arguments arguments =
        new ScriptTexts.Arguments(schema.stepKeys(bucket, schema.beginning(bucket)), values);
    return unbound
        .<byte[]>runByDigest(connections.commands(), LuaScript.SETTLE, arguments)
        .exceptionallyCompose(
            error ->
                RedisErrors.isUnknownScript(error)
                    ? unbound.<byte[]>runByText(connections.commands(), LuaScript.SETTLE, arguments)
                    : CompletableFuture.<byte[]>failedFuture(error))
        .thenApply(reply -> recordSettlement(bucket, before, lastToken, new ReplyParser(reply)));
  }

  private Settlement recordSettlement(
      int bucket, String before, String lastToken, ReplyParser reply) {
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
    boolean gap = lastToken.compareTo(beginning.substring(IDENTITY, PREDECESSOR)) > 0;
    boolean missed = !identity(before).equals(beginning.substring(PREDECESSOR, RUN));
    boolean knows = !lastToken.equals(ascii(DecimalText.ofToken(0)));
    return new Settlement(quiet, true, knows && (gap || missed), scripts);
  }

  private static String identity(String beginning) {
    return beginning.substring(0, IDENTITY);
  }

  private static String ascii(byte[] text) {
    return new String(text, StandardCharsets.US_ASCII);
  }
}
