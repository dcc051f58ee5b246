package dev.fencepost.backend.redis.lock;

import dev.fencepost.backend.redis.connection.RedisErrors;
import dev.fencepost.backend.redis.connection.RedisSchema;
import dev.fencepost.backend.redis.connection.TimeoutSweeper;
import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.LuaScript;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.backend.redis.script.ScriptRunner;
import dev.fencepost.backend.redis.script.ScriptTexts;
import dev.fencepost.backend.redis.script.TokenMemory;
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
 * Renewals. One goes at once; those of its bucket that come before its answer go together after it,
 * up to {@value #MAX_BATCH} in one script. Safe for use by many threads.
 */
public final class RenewalBatcher {
  private static final int MAX_BATCH = 100;

  /** Values that every step of a bucket is told first. */
  private static final int COMMON_VALUES = 4;

  private final ScriptRunner runner;
  private final TokenMemory memory;
  private final TimeoutSweeper timeouts;
  private final int capacity;
  private final AtomicInteger waiting = new AtomicInteger();
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
    if (waiting.incrementAndGet() > capacity) {
      waiting.decrementAndGet();
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_OVERLOADED, "too many renewals wait for Redis already"));
    }
    PendingRenewal pending = new PendingRenewal(grant, new CompletableFuture<>());
    timeouts.register(pending.answer());
    queues[RedisSchema.bucketOf(grant.lock())].add(pending);
    return pending.answer();
  }

  private record PendingRenewal(GrantRef grant, CompletableFuture<Renewal> answer) {}

  /** The renewals of one bucket: one batch is under way at a time. */
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

    /** Sends a batch after the other while they are answered at once. */
    @SuppressWarnings("FutureReturnValueIgnored") // The callback tells the askers everything.
    private void sendAll() {
      for (List<PendingRenewal> batch = nextBatch(); !batch.isEmpty(); batch = nextBatch()) {
        List<PendingRenewal> sent = batch;
        CompletionStage<Boolean> told =
            runner
                .runForOwners(bucket, LuaScript.RENEW, arguments(sent), this::recordTrace)
                .handle(
                    (replies, error) -> {
                      complete(sent, replies, error);
                      return true;
                    });
        if (!told.toCompletableFuture().isDone()) {
          told.whenComplete((done, error) -> sendAll());
          return;
        }
      }
    }

    private synchronized List<PendingRenewal> nextBatch() {
      List<PendingRenewal> batch = new ArrayList<>();
      while (!queue.isEmpty() && batch.size() < MAX_BATCH) {
        PendingRenewal next = queue.remove();
        waiting.decrementAndGet();
        if (!next.answer().isDone()) {
          batch.add(next);
        }
      }
      inFlight = !batch.isEmpty();
      return batch;
    }

    private ScriptTexts.Arguments arguments(List<PendingRenewal> batch) {
      RedisSchema schema = runner.schema();
      byte[][] step = schema.stepKeys(bucket, schema.beginning(bucket));
      byte[][] keys = Arrays.copyOf(step, step.length + batch.size());
      byte[][] values = new byte[COMMON_VALUES + batch.size() * 2][];
      memory.fill(values, bucket);
      for (int i = 0; i < batch.size(); i++) {
        GrantRef grant = batch.get(i).grant();
        keys[step.length + i] = schema.lock(bucket, grant.lock());
        values[COMMON_VALUES + 2 * i] = LockWriter.claimText(grant.claim());
        values[COMMON_VALUES + 2 * i + 1] =
            DecimalText.of(grant.token().value(), DecimalText.TOKEN_WIDTH);
      }
      return new ScriptTexts.Arguments(keys, values);
    }

    /** The answers to the renewals, without the trace that they left together. */
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
