package dev.fencepost.backend.redis;

import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.record.UnreadableRecords;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is asked of a store besides its locks' changes. Safe for use by many threads. */
final class LockReader {
  private static final StoreInfo.LeaseTerms LEASES =
      new StoreInfo.LeaseTerms(Lease.MIN_TTL, Lease.MAX_TTL, Duration.ofMillis(1));
  private static final byte[] NOTHING = new byte[0];

  /** After so long without a sign of life a replica counts as dead. */
  private static final Duration REPLICA_DEAD_AFTER = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(LockReader.class);

  private final UnreadableRecords unreadable =
      new UnreadableRecords((count, what) -> LOG.warn("Left out ({} until now): {}", count, what));
  private final ScriptRunner runner;
  private final Duration markRetention;

  LockReader(ScriptRunner runner, RedisSettings settings) {
    this.runner = runner;
    this.markRetention = settings.markRetention();
  }

  /**
   * The locks as they stand, in the order asked, without those whose records cannot be read; one
   * script for each bucket among them.
   */
  CompletionStage<List<LockState>> describe(List<LockName> locks) {
    Map<Integer, List<LockName>> buckets = new HashMap<>();
    for (LockName lock : new LinkedHashSet<>(locks)) {
      buckets.computeIfAbsent(RedisSchema.bucketOf(lock), b -> new ArrayList<>()).add(lock);
    }
    List<CompletableFuture<List<LockState>>> parts = new ArrayList<>();
    buckets.forEach(
        (bucket, names) -> parts.add(describeBucket(bucket, names).toCompletableFuture()));
    return CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new))
        .thenApply(
            all -> {
              Map<LockName, LockState> states = new HashMap<>();
              parts.forEach(part -> part.join().forEach(s -> states.put(s.lock(), s)));
              return locks.stream()
                  .flatMap(lock -> Optional.ofNullable(states.get(lock)).stream())
                  .toList();
            });
  }

  /** Lets a token pass a resource's mark and raises the mark. */
  CompletionStage<FenceAdvance> advance(ResourceName resource, FencingToken token) {
    int bucket = RedisSchema.bucketOf(resource);
    byte[][] values = new byte[6][];
    runner.memory().fill(values, bucket);
    values[4] = DecimalText.of(token.value(), DecimalText.TOKEN);
    values[5] = DecimalText.of(markRetention.toMillis());
    return runner.other(
        bucket,
        LuaScript.ADVANCE,
        new ScriptTexts.Arguments(
            runner.schema().step(bucket, runner.schema().mark(bucket, resource)), values),
        reply -> advance(bucket, new ReplyParser(reply)));
  }

  /** Forgets a resource's mark and answers what it was. */
  CompletionStage<Optional<FencingToken>> resetMark(ResourceName resource) {
    byte[] key = runner.schema().mark(RedisSchema.bucketOf(resource), resource);
    return runner.command(
        redis -> redis.getdel(key),
        mark ->
            mark == null
                ? Optional.empty()
                : Optional.of(new FencingToken(new ReplyParser(mark).number(DecimalText.TOKEN))));
  }

  /** Who the store is, with an id from now on if it has none, and the living replicas. */
  CompletionStage<StoreInfo> info() {
    return announce(NOTHING, NOTHING);
  }

  /** The same, after writing a replica's entry. */
  CompletionStage<StoreInfo> announce(Replica self) {
    return announce(
        self.id().value().getBytes(StandardCharsets.US_ASCII),
        (self.phase().name() + " " + self.address()).getBytes(StandardCharsets.UTF_8));
  }

  /** Removes a replica's entry. */
  CompletionStage<Boolean> depart(ReplicaId self) {
    byte[] id = self.value().getBytes(StandardCharsets.US_ASCII);
    return runner.command(
        redis -> redis.hdel(runner.schema().replicas(), id), removed -> removed > 0);
  }

  private CompletionStage<List<LockState>> describeBucket(int bucket, List<LockName> names) {
    byte[][] keys = new byte[names.size() + 1][];
    keys[0] = runner.schema().tokens(bucket);
    for (int i = 0; i < names.size(); i++) {
      keys[i + 1] = runner.schema().lock(bucket, names.get(i));
    }
    return runner.otherMany(
        LuaScript.DESCRIBE,
        new ScriptTexts.Arguments(keys),
        replies -> {
          ReplyParser first = new ReplyParser(replies.get(0));
          RedisRecordCodec.Moment moment = RedisRecordCodec.Moment.read(first);
          Duration quiet = Duration.ofMillis(first.numberUpTo(' '));
          runner.memory().token(bucket, moment.lastToken());
          List<LockState> states = new ArrayList<>();
          for (int i = 0; i < names.size(); i++) {
            LockName name = names.get(i);
            ReplyParser reply = new ReplyParser(replies.get(i + 1));
            unreadable
                .skipping(name, () -> state(name, moment, quiet, reply))
                .ifPresent(states::add);
          }
          return states;
        });
  }

  private static LockState state(
      LockName lock, RedisRecordCodec.Moment moment, Duration quiet, ReplyParser reply) {
    char kind = reply.letter();
    if (kind == 'U') {
      throw RedisRecordCodec.unreadable(lock);
    }
    if (kind == 'V') {
      return RedisRecordCodec.state(lock, moment, reply);
    }
    if (!quiet.isZero()) {
      return RedisRecordCodec.quiet(lock, moment, quiet);
    }
    Optional<FencingToken> last =
        reply.isAtEnd()
            ? Optional.empty()
            : Optional.of(new FencingToken(reply.number(DecimalText.TOKEN)));
    return RedisRecordCodec.free(lock, moment, last);
  }

  private FenceAdvance advance(int bucket, ReplyParser reply) {
    char letter = reply.letter();
    long number = reply.number(DecimalText.TOKEN);
    if (!reply.isAtEnd()) {
      runner.memory().token(bucket, reply.number(DecimalText.TOKEN));
    }
    return switch (letter) {
      case 'T' -> new FenceAdvance.TooFarAhead(number);
      case 'S' -> new FenceAdvance.Stale(new FencingToken(number));
      case 'U' -> new FenceAdvance.Unchanged(new FencingToken(number));
      default -> new FenceAdvance.Advanced(new FencingToken(number));
    };
  }

  private CompletionStage<StoreInfo> announce(byte[] replica, byte[] entry) {
    return runner.otherMany(
        LuaScript.ANNOUNCE,
        new ScriptTexts.Arguments(
            new byte[][] {runner.schema().storeId(), runner.schema().replicas()},
            UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII),
            DecimalText.of(REPLICA_DEAD_AFTER.toMillis()),
            replica,
            entry),
        replies -> {
          List<Replica> living = new ArrayList<>();
          replies.subList(1, replies.size()).forEach(each -> replica(each).ifPresent(living::add));
          String id = new String(replies.get(0), StandardCharsets.US_ASCII);
          return new StoreInfo("redis", id, LEASES, living);
        });
  }

  /** The entry; nothing if it is of a later version, or nobody's. */
  private static Optional<Replica> replica(byte[] entry) {
    try {
      ReplyParser reply = new ReplyParser(entry);
      ReplicaId id = new ReplicaId(reply.wordUpTo(' '));
      Replica.Phase phase = Replica.Phase.valueOf(reply.wordUpTo(' '));
      return Optional.of(new Replica(id, reply.rest(), phase));
    } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException e) {
      LOG.debug("An entry among the replicas cannot be read: {}", e.toString());
      return Optional.empty();
    }
  }
}
