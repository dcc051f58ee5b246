package dev.fencepost.backend.redis.lock;

import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.connection.TimeoutSweeper;
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
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends renewals in batches, one batch in flight per bucket. The first renewal is sent at once.
 * Renewals of its bucket that arrive before its reply follow in one script, up to {@value
 * #MAX_BATCH} at a time. Safe for use by many threads.
 */
public final class RenewalBatcher {
  private static final int MAX_BATCH = 100;

  /** Number of values that come first in each script on a bucket. */
  private static final int COMMON_VALUES = 4;

  private final ScriptRunner runner;
  private final TokenFloors memory;
  private final TimeoutSweeper timeouts;
  private final int capacity;
  private final AtomicInteger queuedCount = new AtomicInteger();
  private final BucketQueue[] queues = new BucketQueue[RedisSchema.BUCKETS];

  public RenewalBatcher(ScriptRunner runner, TimeoutSweeper timeouts, int capacity) {
    this.runner = runner;
    this.memory = runner.memory();
    this.timeouts = timeouts;
    this.capacity = capacity;
    for (int bucket = 0; bucket < queues.length; bucket++) {
      queues[bucket] = new BucketQueue(bucket);
    }
  }

  public CompletionStage<Renewal> renew(GrantRef grant) {
    if (queuedCount.incrementAndGet() > capacity) {
      queuedCount.decrementAndGet();
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_OVERLOADED, "too many renewals wait for Redis already"));
    }
    PendingRenewal pending = new PendingRenewal(grant, new CompletableFuture<>());
    timeouts.register(pending.answer());
    queues[RedisSchema.bucketOf(grant.lock())].add(pending);
    return pending.answer();
  }

  private record PendingRenewal(GrantRef grant, CompletableFuture<Renewal> answer) {}

  /** The queued renewals of one bucket. */
  private final class BucketQueue {
    private final int bucket;
    private final Deque<PendingRenewal> queue = new ArrayDeque<>();
    private boolean inFlight;

    BucketQueue(int bucket) {
      this.bucket = bucket;
    }

    void add(PendingRenewal pending) {
      synchronized (this) {
        queue.add(pending);
        if (inFlight) {
          return;
        }
        inFlight = true;
      }
      sendAll();
    }

    /** Sends the next batch; in a loop as long as batches are answered at once. */
    @SuppressWarnings("FutureReturnValueIgnored") // The callback completes the answers.
    private void sendAll() {
      for (List<PendingRenewal> batch = nextBatch(); !batch.isEmpty(); batch = nextBatch()) {
        List<PendingRenewal> sent = batch;
        CompletionStage<Boolean> completed =
            send(sent)
                .handle(
                    (replies, error) -> {
                      complete(sent, replies, error);
                      return true;
                    });
        if (!completed.toCompletableFuture().isDone()) {
          completed.whenComplete((done, error) -> sendAll());
          return;
        }
      }
    }

    /**
     * Sends a batch. Never throws, since an exception would leave the bucket in flight for ever.
     */
    private CompletionStage<List<byte[]>> send(List<PendingRenewal> batch) {
      try {
        return runner.runForOwners(bucket, LuaScript.RENEW, arguments(batch), this::recordTrace);
      } catch (RuntimeException e) {
        return CompletableFuture.failedFuture(e);
      }
    }

    private synchronized List<PendingRenewal> nextBatch() {
      List<PendingRenewal> batch = new ArrayList<>();
      while (!queue.isEmpty() && batch.size() < MAX_BATCH) {
        PendingRenewal next = queue.remove();
        queuedCount.decrementAndGet();
        if (!next.answer().isDone()) {
          batch.add(next);
        }
      }
      inFlight = !batch.isEmpty();
      return batch;
    }

    private ScriptTexts.Arguments arguments(List<PendingRenewal> batch) {
      RedisSchema schema = runner.schema();
      byte[][] common = schema.stepKeys(bucket, schema.beginning(bucket));
      byte[][] keys = Arrays.copyOf(common, common.length + batch.size());
      byte[][] values = new byte[COMMON_VALUES + batch.size() * 2][];
      memory.fill(values, bucket);
      for (int i = 0; i < batch.size(); i++) {
        GrantRef grant = batch.get(i).grant();
        keys[common.length + i] = schema.lock(bucket, grant.lock());
        values[COMMON_VALUES + 2 * i] = LockWriter.claimText(grant.claim());
        values[COMMON_VALUES + 2 * i + 1] =
            DecimalText.of(grant.token().value(), DecimalText.TOKEN_WIDTH);
      }
      return new ScriptTexts.Arguments(keys, values);
    }

    /** Records the token of the batch's trace, and returns the replies to its renewals. */
    private List<byte[]> recordTrace(List<byte[]> replies) {
      ReplyParser trace = new ReplyParser(replies.get(0));
      if (!trace.isAtEnd()) {
        memory.recordToken(bucket, trace.number(DecimalText.TOKEN_WIDTH));
      }
      return replies.subList(1, replies.size());
    }

    private void complete(List<PendingRenewal> batch, List<byte[]> replies, Throwable error) {
      for (int i = 0; i < batch.size(); i++) {
        PendingRenewal pending = batch.get(i);
        if (error != null) {
          pending.answer().completeExceptionally(RedisErrors.of(error));
          continue;
        }
        try {
          pending.answer().complete(parseRenewal(pending.grant(), new ReplyParser(replies.get(i))));
        } catch (RuntimeException e) {
          pending
              .answer()
              .completeExceptionally(RedisRecordCodec.unreadable(pending.grant().lock()));
        }
      }
    }

    private Renewal parseRenewal(GrantRef grant, ReplyParser reply) {
      char letter = reply.letter();
      if (letter == 'R') {
        RedisRecordCodec.Terms terms = RedisRecordCodec.Terms.read(reply);
        memory.recordToken(bucket, grant.token().value());
        memory.recordLease(bucket, terms.lease());
        return new Renewal.Renewed(
            new Grant(grant, terms.lease(), terms.mode(), Grant.Origin.EXISTING));
      }
      if (letter == 'U') {
        throw RedisRecordCodec.unreadable(grant.lock());
      }
      Optional<FencingToken> last =
          reply.isAtEnd()
              ? Optional.empty()
              : Optional.of(new FencingToken(reply.number(DecimalText.TOKEN_WIDTH)));
      return new Renewal.Lost(new GrantLoss(LockWriter.lossReason(letter), reply.rest(), last));
    }
  }
}
