package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.ScriptTexts;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.record.UnreadableRecords;
import dev.fencepost.lock.spi.support.AsyncCalls;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Describes locks without changing them. Safe for use by many threads. */
final class LockReader {
  private static final Logger LOG = LoggerFactory.getLogger(LockReader.class);

  private final UnreadableRecords unreadable =
      new UnreadableRecords((count, what) -> LOG.warn("Left out ({} until now): {}", count, what));
  private final ScriptRunner runner;

  LockReader(ScriptRunner runner) {
    this.runner = runner;
  }

  /**
   * Reads the present states of locks, in the order given. Locks whose records cannot be read are
   * left out. Sends one script for each bucket among them.
   */
  CompletionStage<List<LockState>> describe(List<LockName> locks) {
    Map<Integer, List<LockName>> buckets = new HashMap<>();
    for (LockName lock : new LinkedHashSet<>(locks)) {
      buckets.computeIfAbsent(RedisSchema.bucketOf(lock), b -> new ArrayList<>()).add(lock);
    }
    List<CompletionStage<List<LockState>>> parts = new ArrayList<>();
    buckets.forEach((bucket, names) -> parts.add(describeBucket(bucket, names)));
    return AsyncCalls.all(parts)
        .thenApply(
            all -> {
              Map<LockName, LockState> states = new HashMap<>();
              all.forEach(part -> part.forEach(state -> states.put(state.lock(), state)));
              return locks.stream()
                  .flatMap(lock -> Optional.ofNullable(states.get(lock)).stream())
                  .toList();
            });
  }

  /** Returns the lock of a key. Empty if there is none; a key among the locks' is reported once. */
  Optional<LockName> nameIn(byte[] key) {
    Optional<LockName> name = runner.schema().nameIn(key);
    if (name.isEmpty() && runner.schema().isAmongLocks(key)) {
      unreadable.skippedForeign(new String(key, StandardCharsets.UTF_8));
    }
    return name;
  }

  private CompletionStage<List<LockState>> describeBucket(int bucket, List<LockName> names) {
    byte[][] keys = new byte[names.size() + 1][];
    keys[0] = runner.schema().tokens(bucket);
    for (int i = 0; i < names.size(); i++) {
      keys[i + 1] = runner.schema().lock(bucket, names.get(i));
    }
    return runner.run(
        LuaScript.DESCRIBE,
        new ScriptTexts.Arguments(keys),
        (List<byte[]> replies) -> {
          ReplyParser first = new ReplyParser(replies.get(0));
          RedisRecordCodec.Moment moment = RedisRecordCodec.Moment.read(first);
          Duration quiet = Duration.ofMillis(first.numberUpTo(' '));
          runner.memory().recordToken(bucket, moment.lastToken());
          List<LockState> states = new ArrayList<>();
          for (int i = 0; i < names.size(); i++) {
            LockName name = names.get(i);
            ReplyParser reply = new ReplyParser(replies.get(i + 1));
            unreadable
                .skipping(name, () -> parseState(name, moment, quiet, reply))
                .ifPresent(states::add);
          }
          return states;
        });
  }

  private static LockState parseState(
      LockName lock, RedisRecordCodec.Moment moment, Duration quiet, ReplyParser reply) {
    char kind = reply.letter();
    if (kind == 'U') {
      throw RedisRecordCodec.unreadable(lock);
    }
    if (kind == 'V') {
      return RedisRecordCodec.readState(lock, moment, reply);
    }
    if (!quiet.isZero()) {
      return RedisRecordCodec.quietState(lock, moment, quiet);
    }
    Optional<FencingToken> last = reply.tokenIfAny();
    return RedisRecordCodec.freeState(lock, moment, last);
  }
}
