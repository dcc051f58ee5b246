package dev.fencepost.backend.redis;

import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.ScriptTexts;
import dev.fencepost.backend.redis.script.TokenFloors;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.spi.support.BatchReply;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallLane;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;

/**
 * Sends renewals in batches, one batch in flight per bucket. The first renewal is sent at once.
 * Renewals of its bucket that arrive before its reply follow in one script, up to {@value
 * #MAX_BATCH} at a time. They pass no gate, so a renewal never waits behind another kind of call.
 * Safe for use by many threads.
 */
final class RenewalBatcher {
  private static final int MAX_BATCH = 100;

  /** The part of the queue's capacity that each bucket has; names spread evenly over buckets. */
  private static final int CAPACITY_PARTS = 16;

  private final ScriptRunner runner;
  private final TokenFloors memory;
  private final List<CallLane<GrantRef, Renewal>> lanes;

  RenewalBatcher(ScriptRunner runner, CallDeadlines deadlines, int capacity) {
    this.runner = runner;
    this.memory = runner.memory();
    CallLane.Limits limits =
        new CallLane.Limits(MAX_BATCH, 1, 0, Math.max(MAX_BATCH, capacity / CAPACITY_PARTS));
    this.lanes =
        IntStream.range(0, RedisSchema.BUCKETS)
            .mapToObj(
                bucket ->
                    new CallLane<GrantRef, Renewal>(
                        RedisErrors.CALLS,
                        deadlines,
                        limits,
                        grant -> new Object(), // Any two may share a batch.
                        (grants, deadline) -> send(bucket, grants, deadline)))
            .toList();
  }

  CompletionStage<Renewal> renew(GrantRef grant) {
    return lanes.get(RedisSchema.bucketOf(grant.lock())).submit(grant, runner.deadline());
  }

  /** Fails the queued renewals and refuses all later ones. */
  void close() {
    lanes.forEach(CallLane::close);
  }

  private CompletionStage<List<BatchReply<Renewal>>> send(
      int bucket, List<GrantRef> grants, CallDeadline deadline) {
    return runner.send(
        bucket,
        LuaScript.RENEW,
        arguments(bucket, grants),
        (List<byte[]> replies) -> parseBatch(bucket, grants, replies),
        deadline);
  }

  private ScriptTexts.Arguments arguments(int bucket, List<GrantRef> grants) {
    RedisSchema schema = runner.schema();
    byte[][] common = schema.stepKeys(bucket, schema.beginning(bucket));
    byte[][] keys = Arrays.copyOf(common, common.length + grants.size());
    byte[][] own = new byte[grants.size() * 3][];
    for (int i = 0; i < grants.size(); i++) {
      GrantRef grant = grants.get(i);
      keys[common.length + i] = schema.lock(bucket, grant.lock());
      own[3 * i] = RedisRecordCodec.claimText(grant.claim());
      own[3 * i + 1] = DecimalText.ofToken(grant.token().value());
      own[3 * i + 2] = RedisRecordCodec.principalText(grant.principal());
    }
    return new ScriptTexts.Arguments(keys, memory.values(bucket, own));
  }

  /** Records the token of the batch's trace, and reads the replies to its renewals. */
  private List<BatchReply<Renewal>> parseBatch(
      int bucket, List<GrantRef> grants, List<byte[]> replies) {
    ReplyParser trace = new ReplyParser(replies.get(0));
    if (!trace.isAtEnd()) {
      memory.recordToken(bucket, trace.token());
    }
    List<BatchReply<Renewal>> renewals = new ArrayList<>(grants.size());
    for (int i = 0; i < grants.size(); i++) {
      renewals.add(parseReply(bucket, grants.get(i), new ReplyParser(replies.get(i + 1))));
    }
    return renewals;
  }

  private BatchReply<Renewal> parseReply(int bucket, GrantRef grant, ReplyParser reply) {
    try {
      return new BatchReply.Answered<>(parseRenewal(bucket, grant, reply));
    } catch (RuntimeException e) {
      return new BatchReply.Failed<>(RedisRecordCodec.unreadable(grant.lock()));
    }
  }

  private Renewal parseRenewal(int bucket, GrantRef grant, ReplyParser reply) {
    char letter = reply.letter();
    if (letter == 'R') {
      RedisRecordCodec.Terms terms = RedisRecordCodec.Terms.read(reply);
      memory.recordToken(bucket, grant.token().value());
      memory.recordLease(bucket, terms.lease());
      return new Renewal.Renewed(
          new Grant(grant, terms.lease(), terms.mode(), Grant.Origin.EXISTING));
    }
    if (letter == 'O') {
      return new Renewal.ForeignGrant(RedisRecordCodec.readMaker(reply));
    }
    if (letter == 'U') {
      throw RedisRecordCodec.unreadable(grant.lock());
    }
    Optional<FencingToken> last = reply.tokenIfAny();
    return new Renewal.Lost(new GrantLoss(RedisRecordCodec.lossReason(letter), reply.rest(), last));
  }
}
