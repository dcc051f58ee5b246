package dev.fencepost.backend.redis;

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
final class Renewals {
  private static final int MOST_TOGETHER = 100;

  /** Values that every step of a bucket is told first. */
  private static final int TOLD = 4;

  private final Store store;
  private final Seen seen;
  private final Deadlines deadlines;
  private final int capacity;
  private final AtomicInteger waiting = new AtomicInteger();
  private final Lane[] lanes = new Lane[Keys.BUCKETS];

  Renewals(Store store, Deadlines deadlines, int capacity) {
    this.store = store;
    this.seen = store.seen();
    this.deadlines = deadlines;
    this.capacity = capacity;
    for (int bucket = 0; bucket < lanes.length; bucket++) {
      lanes[bucket] = new Lane(bucket);
    }
  }

  CompletionStage<Renewal> renew(GrantRef grant) {
    if (waiting.incrementAndGet() > capacity) {
      waiting.decrementAndGet();
      return CompletableFuture.failedFuture(
          new StoreException(Failure.STORE_OVERLOADED, "too many renewals wait for Redis already"));
    }
    Pending one = new Pending(grant, new CompletableFuture<>());
    deadlines.watch(one.answer());
    lanes[Keys.bucketOf(grant.lock())].add(one);
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
            store
                .changeMany(bucket, Script.RENEW, arguments(sent), this::noted)
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

    private Scripts.Arguments arguments(List<Pending> batch) {
      Keys names = store.keys();
      byte[][] step = names.step(bucket, names.beginning(bucket));
      byte[][] keys = Arrays.copyOf(step, step.length + batch.size());
      byte[][] values = new byte[TOLD + batch.size() * 2][];
      seen.fill(values, bucket);
      for (int i = 0; i < batch.size(); i++) {
        GrantRef grant = batch.get(i).grant();
        keys[step.length + i] = names.lock(bucket, grant.lock());
        values[TOLD + 2 * i] = Locks.claimText(grant.claim());
        values[TOLD + 2 * i + 1] = Digits.of(grant.token().value(), Digits.TOKEN);
      }
      return new Scripts.Arguments(keys, values);
    }

    /** The answers to the renewals, without the trace that they left together. */
    private List<byte[]> noted(List<byte[]> replies) {
      Reply trace = new Reply(replies.get(0));
      if (!trace.isAtEnd()) {
        seen.token(bucket, trace.number(Digits.TOKEN));
      }
      return replies.subList(1, replies.size());
    }

    private void tell(List<Pending> batch, List<byte[]> replies, Throwable error) {
      for (int i = 0; i < batch.size(); i++) {
        Pending one = batch.get(i);
        if (error != null) {
          one.answer().completeExceptionally(Trouble.of(error));
          continue;
        }
        try {
          one.answer().complete(renewal(one.grant(), new Reply(replies.get(i))));
        } catch (RuntimeException e) {
          one.answer().completeExceptionally(Stored.unreadable(one.grant().lock()));
        }
      }
    }

    private Renewal renewal(GrantRef grant, Reply reply) {
      char letter = reply.letter();
      if (letter == 'R') {
        Stored.Terms terms = Stored.Terms.read(reply);
        seen.token(bucket, grant.token().value());
        seen.lease(bucket, terms.lease());
        return new Renewal.Renewed(
            new Grant(grant, terms.lease(), terms.mode(), Grant.Origin.EXISTING));
      }
      if (letter == 'U') {
        throw Stored.unreadable(grant.lock());
      }
      Optional<FencingToken> last =
          reply.isAtEnd()
              ? Optional.empty()
              : Optional.of(new FencingToken(reply.number(Digits.TOKEN)));
      return new Renewal.Lost(new GrantLoss(Locks.reason(letter), reply.rest(), last));
    }
  }
}
