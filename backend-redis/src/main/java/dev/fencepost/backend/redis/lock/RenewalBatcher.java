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
 * up to {@value #MOST_TOGETHER} in one script. Safe for use by many threads.
 */
public final class RenewalBatcher {
  private static final int MOST_TOGETHER = 100;

  /** Values that every step of a bucket is told first. */
  private static final int TOLD = 4;

  private final ScriptRunner runner;
  private final TokenMemory memory;
  private final TimeoutSweeper timeouts;
  private final int capacity;
  private final AtomicInteger waiting = new AtomicInteger();
  private final Lane[] lanes = new Lane[RedisSchema.BUCKETS];

  public RenewalBatcher(ScriptRunner runner, TimeoutSweeper timeouts, int capacity) {
    this.runner = runner;
    this.memory = runner.memory();
    this.timeouts = timeouts;
    this.capacity = capacity;
    for (int bucket = 0; bucket < lanes.length; bucket++) {
      lanes[bucket] = new Lane(bucket);
    }
  }

  public CompletionStage<Renewal> renew(GrantRef grant) {
    if (waiting.incrementAndGet() > capacity) {
      waiting.decrementAndGet();
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_OVERLOADED, "too many renewals wait for Redis already"));
    }
    Pending one = new Pending(grant, new CompletableFuture<>());
    timeouts.watch(one.answer());
    lanes[RedisSchema.bucketOf(grant.lock())].add(one);
    return one.answer();
  }

  private record Pending(GrantRef grant, CompletableFuture<Renewal> answer) {}

  /** The renewals of one bucket: one batch is under way at a time. */
  private final class Lane {
    private final int bucket;
    private final Deque<Pending> queue = new ArrayDeque<>();
    private boolean busy;

    Lane(int bucket) {
      this.bucket = bucket;
    }

    void add(Pending one) {
      synchronized (this) {
        queue.add(one);
        if (busy) {
          return;
        }
        busy = true;
      }
      sendAll();
    }

    /** Sends a batch after the other while they are answered at once. */
    @SuppressWarnings("FutureReturnValueIgnored") // The callback tells the askers everything.
    private void sendAll() {
      for (List<Pending> batch = take(); !batch.isEmpty(); batch = take()) {
        List<Pending> sent = batch;
        CompletionStage<Boolean> told =
            runner
                .changeMany(bucket, LuaScript.RENEW, arguments(sent), this::noted)
                .handle(
                    (replies, error) -> {
                      tell(sent, replies, error);
                      return true;
                    });
        if (!told.toCompletableFuture().isDone()) {
          told.whenComplete((done, error) -> sendAll());
          return;
        }
      }
    }

    private synchronized List<Pending> take() {
      List<Pending> batch = new ArrayList<>();
      while (!queue.isEmpty() && batch.size() < MOST_TOGETHER) {
        Pending next = queue.remove();
        waiting.decrementAndGet();
        if (!next.answer().isDone()) {
          batch.add(next);
        }
      }
      busy = !batch.isEmpty();
      return batch;
    }

    private ScriptTexts.Arguments arguments(List<Pending> batch) {
      RedisSchema schema = runner.schema();
      byte[][] step = schema.step(bucket, schema.beginning(bucket));
      byte[][] keys = Arrays.copyOf(step, step.length + batch.size());
      byte[][] values = new byte[TOLD + batch.size() * 2][];
      memory.fill(values, bucket);
      for (int i = 0; i < batch.size(); i++) {
        GrantRef grant = batch.get(i).grant();
        keys[step.length + i] = schema.lock(bucket, grant.lock());
        values[TOLD + 2 * i] = LockWriter.claimText(grant.claim());
        values[TOLD + 2 * i + 1] = DecimalText.of(grant.token().value(), DecimalText.TOKEN);
      }
      return new ScriptTexts.Arguments(keys, values);
    }

    /** The answers to the renewals, without the trace that they left together. */
    private List<byte[]> noted(List<byte[]> replies) {
      ReplyParser trace = new ReplyParser(replies.get(0));
      if (!trace.isAtEnd()) {
        memory.token(bucket, trace.number(DecimalText.TOKEN));
      }
      return replies.subList(1, replies.size());
    }

    private void tell(List<Pending> batch, List<byte[]> replies, Throwable error) {
      for (int i = 0; i < batch.size(); i++) {
        Pending one = batch.get(i);
        if (error != null) {
          one.answer().completeExceptionally(RedisErrors.of(error));
          continue;
        }
        try {
          one.answer().complete(renewal(one.grant(), new ReplyParser(replies.get(i))));
        } catch (RuntimeException e) {
          one.answer().completeExceptionally(RedisRecordCodec.unreadable(one.grant().lock()));
        }
      }
    }

    private Renewal renewal(GrantRef grant, ReplyParser reply) {
      char letter = reply.letter();
      if (letter == 'R') {
        RedisRecordCodec.Terms terms = RedisRecordCodec.Terms.read(reply);
        memory.token(bucket, grant.token().value());
        memory.lease(bucket, terms.lease());
        return new Renewal.Renewed(
            new Grant(grant, terms.lease(), terms.mode(), Grant.Origin.EXISTING));
      }
      if (letter == 'U') {
        throw RedisRecordCodec.unreadable(grant.lock());
      }
      Optional<FencingToken> last =
          reply.isAtEnd()
              ? Optional.empty()
              : Optional.of(new FencingToken(reply.number(DecimalText.TOKEN)));
      return new Renewal.Lost(new GrantLoss(LockWriter.reason(letter), reply.rest(), last));
    }
  }
}
