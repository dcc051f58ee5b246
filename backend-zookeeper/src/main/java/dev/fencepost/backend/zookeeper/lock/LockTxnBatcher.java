package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperClient;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSettings;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.BatchReply;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallLane;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;

/**
 * Sends the transactions of locks in batches. All that wait at one moment go into one transaction
 * of the ensemble, which is all or nothing: if one lock is refused, the others are sent again, each
 * alone. If the base of tokens was replaced meanwhile, all are sent again on the present one. Locks
 * that are known to be contended are sent alone from the start.
 *
 * <p>Safe for use by many threads.
 */
public final class LockTxnBatcher {
  private final RequestGate gate;
  private final TokenBaseManager tokenBases;
  private final CommitEffects effects;
  private final CallLane<TxnRequest, OptionalLong> lane;

  /** Creates a batcher without requests. */
  public LockTxnBatcher(
      ZookeeperSettings settings,
      CallDeadlines deadlines,
      RequestGate gate,
      TokenBaseManager tokenBases,
      CommitEffects effects) {
    this.gate = gate;
    this.tokenBases = tokenBases;
    this.effects = effects;
    CallLane.Limits limits =
        new CallLane.Limits(
            settings.batchSize(), settings.inFlight(), RequestGate.MAX_IN_FLIGHT, settings.queue());
    lane =
        new CallLane<>(
            ZookeeperErrors.FAILURES, deadlines, limits, TxnRequest::lock, this::sendBatch);
  }

  /** A transaction that is created right before it is sent, on the base that is current then. */
  private record TxnRequest(LockName lock, Function<TokenBase, LockTxn> txnFactory) {}

  /**
   * Sends the transaction in a batch.
   *
   * @param txnFactory creates the transaction right before it is sent, on the base that is current
   *     then
   * @return the lock's highest token afterwards, 0 if no record was written; empty if the
   *     transaction was refused
   */
  CompletableFuture<OptionalLong> send(
      LockName lock, Function<TokenBase, LockTxn> txnFactory, CallDeadline deadline) {
    return lane.submit(new TxnRequest(lock, txnFactory), deadline);
  }

  /** Sends the transaction alone. */
  public CompletableFuture<OptionalLong> sendAlone(
      LockName lock, Function<TokenBase, LockTxn> txnFactory, CallDeadline deadline) {
    return lane.submitAlone(new TxnRequest(lock, txnFactory), deadline);
  }

  private CompletionStage<List<BatchReply<OptionalLong>>> sendBatch(
      List<TxnRequest> requests, CallDeadline deadline) {
    ZookeeperClient client = gate.client();
    TxnBatch batch = new TxnBatch(requests, tokenBases.current());
    if (batch.txns.isEmpty()) {
      return CompletableFuture.completedFuture(batch.replies);
    }
    batch.txns.forEach(effects::onSend);
    return AsyncCalls.start(() -> client.transact(batch.ops))
        .handle(
            (result, error) -> {
              if (error != null) {
                // The outcome is unknown, also where the client itself threw the exception.
                batch.txns.forEach(effects::onInDoubt);
                return CompletableFuture.completedFuture(
                    batch.allReply(new BatchReply.Failed<>(error)));
              }
              return result.isRefused()
                  ? onRefused(client, batch, result)
                  : CompletableFuture.completedFuture(onCommit(batch, result.results()));
            })
        .thenCompose(replies -> replies);
  }

  private List<BatchReply<OptionalLong>> onCommit(TxnBatch batch, List<OpResult> results) {
    int at = batch.firstOp;
    for (int i = 0; i < batch.txns.size(); i++) {
      LockTxn txn = batch.txns.get(i);
      int end = at + txn.ops().size();
      long token = effects.onCommit(txn, results.subList(at, end));
      batch.reply(i, new BatchReply.Answered<>(OptionalLong.of(token)));
      at = end;
    }
    return batch.replies;
  }

  private CompletionStage<List<BatchReply<OptionalLong>>> onRefused(
      ZookeeperClient client, TxnBatch batch, MultiResult result) {
    batch.txns.forEach(effects::onRefused);
    batch.allReply(new BatchReply.SendAlone<>());
    if (result.refusedAt() < batch.firstOp) {
      return tokenBases.reload(client, batch.base).thenApply(base -> batch.replies);
    }
    batch.reply(batch.indexOf(result.refusedAt()), refusal(result));
    return CompletableFuture.completedFuture(batch.replies);
  }

  private static BatchReply<OptionalLong> refusal(MultiResult result) {
    return switch (result.reason()) {
      case NONODE, NODEEXISTS, NOTEMPTY, BADVERSION ->
          new BatchReply.Answered<>(OptionalLong.empty());
      default -> new BatchReply.Failed<>(ZookeeperErrors.of(result.reason()));
    };
  }

  /** The transactions of one call. A request whose transaction cannot be created fails alone. */
  private static final class TxnBatch {
    final TokenBase base;
    final List<LockTxn> txns = new ArrayList<>();
    final List<Op> ops = new ArrayList<>();
    final List<BatchReply<OptionalLong>> replies;

    /** Index of the first operation of the first transaction. */
    final int firstOp;

    /** The request of each transaction, by its index. */
    private final List<Integer> requestOf = new ArrayList<>();

    TxnBatch(List<TxnRequest> requests, TokenBase base) {
      this.base = base;
      replies = new ArrayList<>(Collections.nCopies(requests.size(), new BatchReply.SendAlone<>()));
      for (int i = 0; i < requests.size(); i++) {
        try {
          txns.add(requests.get(i).txnFactory().apply(base));
          requestOf.add(i);
        } catch (RuntimeException e) {
          replies.set(i, new BatchReply.Failed<>(e));
        }
      }
      firstOp = txns.stream().anyMatch(LockTxn::makesToken) ? 1 : 0;
      if (firstOp == 1) {
        ops.add(Op.check(base.path(), LockTxn.ANY_VERSION));
      }
      txns.forEach(txn -> ops.addAll(txn.ops()));
    }

    void reply(int txn, BatchReply<OptionalLong> reply) {
      replies.set(requestOf.get(txn), reply);
    }

    List<BatchReply<OptionalLong>> allReply(BatchReply<OptionalLong> reply) {
      for (int i = 0; i < txns.size(); i++) {
        reply(i, reply);
      }
      return replies;
    }

    /** Returns the index of the transaction that contains the operation. */
    int indexOf(int operation) {
      int end = firstOp;
      for (int i = 0; i < txns.size(); i++) {
        end += txns.get(i).ops().size();
        if (operation < end) {
          return i;
        }
      }
      throw new IllegalStateException("no operation " + operation);
    }
  }
}
