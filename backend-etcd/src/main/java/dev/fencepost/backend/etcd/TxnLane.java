package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.lock.spi.support.BatchReply;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallLane;
import dev.fencepost.lock.spi.support.CallLane.BatchSender;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * A lane of transactions of one kind. If etcd refuses a batch as a whole, its members are sent one
 * by one, so that each fails for its own reasons only; if the batch was too large, later ones are
 * half as large. Requests that share no transaction, because a batch has one, travel alone: that
 * allows more of them in flight. Safe for use by many threads.
 *
 * @param <Q> the type of requests
 * @param <A> the type of answers
 */
final class TxnLane<Q, A> {
  private final int batchLimit;
  private final BatchSender<Q, A> sender;
  private final CallLane<Q, A> lane;
  private volatile int batchSize;

  TxnLane(
      CallFailures failures,
      CallDeadlines deadlines,
      CallLane.Limits limits,
      Function<Q, Object> keyOf,
      BatchSender<Q, A> sender) {
    this.batchLimit = limits.batchSize();
    this.batchSize = batchLimit;
    this.sender = sender;
    this.lane = new CallLane<>(failures, deadlines, limits, keyOf, this::send);
  }

  /** Sends a request, with others or alone. */
  CompletionStage<A> submit(Q request, CallDeadline deadline) {
    return batchSize == 1 ? lane.submitAlone(request, deadline) : lane.submit(request, deadline);
  }

  /** Makes later batches twice as large, up to the limit. */
  synchronized void growBatches() {
    batchSize = Math.min(2 * batchSize, batchLimit);
    lane.growBatches();
  }

  /** Fails what is queued. */
  void close() {
    lane.close();
  }

  private CompletionStage<List<BatchReply<A>>> send(List<Q> requests, CallDeadline deadline) {
    int size = requests.size();
    return sender
        .send(requests, deadline)
        .exceptionallyCompose(
            error -> {
              if (size == 1 || !EtcdException.isRefusal(error)) {
                return CompletableFuture.failedFuture(error);
              }
              if (EtcdException.isKind(error, EtcdException.Kind.TOO_LARGE)) {
                shrinkBatches(size / 2);
              }
              return CompletableFuture.completedStage(
                  Collections.nCopies(size, new BatchReply.SendAlone<>()));
            });
  }

  private synchronized void shrinkBatches(int most) {
    batchSize = Math.min(batchSize, most);
    lane.shrinkBatches(most);
  }
}
