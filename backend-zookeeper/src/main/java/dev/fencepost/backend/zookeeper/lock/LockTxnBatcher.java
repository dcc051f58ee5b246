package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.MultiResult;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperClient;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;

/**
 * Sends the transactions of locks in batches. All that wait at one moment go into one transaction
 * of the ensemble, which is all or nothing: if one lock is refused, the others are sent again, each
 * alone. No request waits for a batch to fill. A few batches are in flight at most, and requests
 * that arrive meanwhile form the next one. Locks that are known to be contended are sent alone from
 * the start.
 *
 * <p>Safe for use by many threads.
 */
public final class LockTxnBatcher {
  private static final int SCANNED_PER_TXN = 4;

  private final BatchLimits limits;
  private final RequestGate gate;
  private final TokenBaseManager tokenBases;
  private final CommitEffects recorder;
  private final Deque<PendingTxn> waiting = new ArrayDeque<>();
  private int inFlight;

  /**
   * The limits of batches and queue.
   *
   * @param batchSize most locks in one transaction
   * @param inFlight most batches in flight
   * @param queue most queued transactions
   * @param callTimeout queueing time after which a transaction is no longer sent
   */
  public record BatchLimits(int batchSize, int inFlight, int queue, Duration callTimeout) {}

  /**
   * The result of an executed transaction.
   *
   * @param token the lock's highest token afterwards; 0 if no record was written
   */
  public record CommitResult(long token) {}

  public LockTxnBatcher(
      BatchLimits limits, RequestGate gate, TokenBaseManager tokenBases, CommitEffects recorder) {
    this.limits = limits;
    this.gate = gate;
    this.tokenBases = tokenBases;
    this.recorder = recorder;
  }

  /**
   * Sends the transaction in a batch; empty if it was refused.
   *
   * @param txnFactory creates the transaction right before it is sent, on the base that is current
   *     then
   */
  CompletableFuture<Optional<CommitResult>> send(
      LockName lock, Function<TokenBase, LockTxn> txnFactory) {
    PendingTxn item = new PendingTxn(lock, txnFactory);
    synchronized (this) {
      if (waiting.size() >= limits.queue()) {
        return CompletableFuture.failedFuture(ZookeeperErrors.overloaded());
      }
      waiting.addLast(item);
    }
    sendBatches();
    return item.answer;
  }

  /** Sends the transaction at once and alone; empty if it was refused. */
  public CompletableFuture<Optional<CommitResult>> sendAlone(
      LockName lock, Function<TokenBase, LockTxn> txnFactory) {
    PendingTxn item = new PendingTxn(lock, txnFactory);
    sendAlone(item);
    return item.answer;
  }

  private void sendAlone(PendingTxn item) {
    gate.call(client -> execute(client, List.of(item)))
        .exceptionally(
            error -> {
              item.fail(ZookeeperErrors.toException(error));
              return true;
            });
  }

  private void sendBatches() {
    for (List<PendingTxn> batch = takeBatch(); !batch.isEmpty(); batch = takeBatch()) {
      List<PendingTxn> taken = batch.stream().filter(this::isInTime).toList();
      CompletableFuture<Boolean> ended = execute(taken);
      boolean atOnce = ended.isDone();
      var unused =
          ended.whenComplete(
              (done, error) -> {
                if (error != null) {
                  taken.forEach(item -> item.fail(ZookeeperErrors.toException(error)));
                }
                synchronized (this) {
                  inFlight--;
                }
                if (!atOnce) {
                  sendBatches();
                }
              });
    }
  }

  private boolean isInTime(PendingTxn item) {
    boolean isInTime = System.nanoTime() - item.sinceNanos < limits.callTimeout().toNanos();
    if (!isInTime) {
      item.fail(ZookeeperErrors.notSent());
    }
    return isInTime;
  }

  private synchronized List<PendingTxn> takeBatch() {
    if (inFlight >= limits.inFlight() || waiting.isEmpty()) {
      return List.of();
    }
    inFlight++;
    List<PendingTxn> batch = new ArrayList<>(limits.batchSize());
    List<PendingTxn> passedOver = new ArrayList<>();
    Set<LockName> locks = new HashSet<>();
    int scanned = 0;
    while (!waiting.isEmpty()
        && batch.size() < limits.batchSize()
        && scanned++ < limits.batchSize() * SCANNED_PER_TXN) {
      PendingTxn item = waiting.pollFirst();
      // One transaction of a lock in each batch: its later ones wait, in their order.
      (locks.add(item.lock) ? batch : passedOver).add(item);
    }
    for (int i = passedOver.size() - 1; i >= 0; i--) {
      waiting.addFirst(passedOver.get(i));
    }
    return batch;
  }

  private CompletableFuture<Boolean> execute(List<PendingTxn> pending) {
    try {
      return gate.client()
          .map(client -> execute(client, pending))
          .orElseGet(() -> CompletableFuture.failedFuture(ZookeeperErrors.unreachable()));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Completes when the ensemble owes no answer. Then every transaction has a result. */
  private CompletableFuture<Boolean> execute(ZookeeperClient client, List<PendingTxn> pending) {
    TokenBase base = tokenBases.current();
    List<Op> ops = new ArrayList<>();
    List<PendingTxn> built = new ArrayList<>();
    List<LockTxn> txns = new ArrayList<>();
    for (PendingTxn item : pending) {
      try {
        txns.add(item.txnFactory.apply(base));
        built.add(item);
      } catch (RuntimeException e) {
        item.fail(ZookeeperErrors.toException(e));
      }
    }
    if (txns.isEmpty()) {
      return CompletableFuture.completedFuture(true);
    }
    boolean checksBase = txns.stream().anyMatch(txn -> txn.base().isPresent());
    if (checksBase) {
      ops.add(Op.check(base.path(), LockTxnBuilder.ANY_VERSION));
    }
    txns.forEach(txn -> ops.addAll(txn.ops()));
    txns.forEach(recorder::onSend);
    TxnBatch batch = new TxnBatch(built, txns, checksBase ? 1 : 0, base);
    return transact(client, ops)
        .handle(
            (reply, error) -> {
              if (error != null) {
                RuntimeException failure = ZookeeperErrors.toException(error);
                txns.forEach(recorder::onInDoubt);
                built.forEach(item -> item.fail(failure));
              } else if (reply.isRefused()) {
                txns.forEach(recorder::onRefused);
                onRefused(client, batch, reply);
              } else {
                onCommit(batch, reply.results());
              }
              return true;
            });
  }

  /** Sends the operations. An exception of the client counts as an unknown outcome. */
  private static CompletableFuture<MultiResult> transact(ZookeeperClient client, List<Op> ops) {
    try {
      return client.transact(ops);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void onCommit(TxnBatch batch, List<OpResult> results) {
    int at = batch.firstOp();
    List<CommitResult> committed = new ArrayList<>();
    for (LockTxn txn : batch.txns()) {
      int end = at + txn.ops().size();
      committed.add(recorder.onCommit(txn, results.subList(at, end)));
      at = end;
    }
    for (int i = 0; i < committed.size(); i++) {
      batch.pending().get(i).answer.complete(Optional.of(committed.get(i)));
    }
  }

  private void onRefused(ZookeeperClient client, TxnBatch batch, MultiResult reply) {
    if (reply.refusedAt() < batch.firstOp()) {
      var unused =
          tokenBases
              .reload(client, batch.base())
              .whenComplete(
                  (base, error) -> {
                    if (error != null) {
                      batch
                          .pending()
                          .forEach(item -> item.fail(ZookeeperErrors.toException(error)));
                    } else {
                      batch.pending().forEach(this::sendAlone);
                    }
                  });
      return;
    }
    int refusedIndex = batch.refusedIndex(reply.refusedAt());
    for (int i = 0; i < batch.pending().size(); i++) {
      PendingTxn item = batch.pending().get(i);
      if (i != refusedIndex) {
        sendAlone(item);
      } else {
        item.completeRefused(reply);
      }
    }
  }

  private record TxnBatch(
      List<PendingTxn> pending, List<LockTxn> txns, int firstOp, TokenBase base) {
    /** Returns the index of the transaction that contains the operation. */
    int refusedIndex(int operation) {
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

  private static final class PendingTxn {
    final LockName lock;
    final Function<TokenBase, LockTxn> txnFactory;
    final long sinceNanos = System.nanoTime();
    final CompletableFuture<Optional<CommitResult>> answer = new CompletableFuture<>();

    PendingTxn(LockName lock, Function<TokenBase, LockTxn> txnFactory) {
      this.lock = lock;
      this.txnFactory = txnFactory;
    }

    void fail(RuntimeException failure) {
      answer.completeExceptionally(failure);
    }

    void completeRefused(MultiResult reply) {
      switch (reply.reason()) {
        case NONODE, NODEEXISTS, NOTEMPTY, BADVERSION -> answer.complete(Optional.empty());
        default -> fail(ZookeeperErrors.of(reply.reason()));
      }
    }
  }
}
