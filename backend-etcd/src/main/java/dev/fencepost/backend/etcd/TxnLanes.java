package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdConnections.EtcdReply;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.support.BatchReply;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.CallDeadlines;
import dev.fencepost.lock.spi.support.CallFailures;
import dev.fencepost.lock.spi.support.CallLane;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/**
 * The lanes of transactions on locks. What waits when a transaction may be sent shares it, but
 * never two on one lock, because all comparisons of a transaction see the state before it. Safe for
 * use by many threads.
 */
final class TxnLanes {
  /** Single requests fill no batches, so more of them must be in flight. */
  private static final int MAX_SINGLES_IN_FLIGHT = 64;

  /** Each renewal reads, for every lock that is held; and reads need not wait for the disk. */
  private static final int READS_PER_WRITE = 4;

  /** etcd's limit of operations may have been raised meanwhile. */
  private static final Duration GROWTH_INTERVAL = Duration.ofMinutes(1);

  private final EtcdConnections connections;
  private final EtcdSchema schema;
  private final TxnLane<LockTxn, TxnOutcome> acquires;
  private final TxnLane<LockTxn, TxnOutcome> changes;
  private final TxnLane<LockName, LockRead> reads;

  TxnLanes(
      EtcdConnections connections,
      EtcdSchema schema,
      EtcdSettings settings,
      CallFailures failures,
      CallDeadlines deadlines) {
    this.connections = connections;
    this.schema = schema;
    CallLane.Limits writing = limits(settings.batchSize(), settings.batches(), settings);
    CallLane.Limits reading =
        limits(
            Math.max(1, settings.batchSize() / 2), settings.batches() * READS_PER_WRITE, settings);
    acquires = new TxnLane<>(failures, deadlines, writing, LockTxn::lock, this::sendTxns);
    changes = new TxnLane<>(failures, deadlines, writing, LockTxn::lock, this::sendTxns);
    reads = new TxnLane<>(failures, deadlines, reading, name -> name, this::sendReads);
    deadlines.repeat(this::growBatches, GROWTH_INTERVAL);
  }

  /** Makes later batches twice as large, up to the setting. */
  void growBatches() {
    lanes().forEach(TxnLane::growBatches);
  }

  /**
   * A transaction on one lock.
   *
   * @param lock the name of the lock
   * @param request its comparisons, the writes if they hold, and the reads if they do not
   * @param connection the only connection that may carry it, or {@link
   *     EtcdConnections#ANY_CONNECTION}
   */
  record LockTxn(LockName lock, TxnRequest request, long connection) {}

  /**
   * The answer to a transaction.
   *
   * @param isDone true if the comparisons held
   * @param responses of the writes, or of the reads if the comparisons failed
   * @param revision of the store; after a write, the revision that wrote
   * @param connection that carried the answer
   */
  record TxnOutcome(boolean isDone, List<ResponseOp> responses, long revision, long connection) {}

  /**
   * A lock's record and queue at one moment.
   *
   * @param revision of the store at that moment
   * @param term of etcd's leader at that moment
   */
  record LockRead(ObservedLock lock, long revision, long term) {}

  /** Sends an attempt. */
  CompletionStage<TxnOutcome> acquire(LockTxn txn, CallDeadline deadline) {
    return acquires.submit(txn, deadline);
  }

  /** Sends any other change, which waits behind no attempt. */
  CompletionStage<TxnOutcome> change(LockTxn txn, CallDeadline deadline) {
    return changes.submit(txn, deadline);
  }

  /** Reads a lock linearizably; fails if its record or its queue cannot be decoded. */
  CompletionStage<LockRead> read(LockName lock, CallDeadline deadline) {
    return reads.submit(lock, deadline);
  }

  /** Fails what is queued. */
  void close() {
    lanes().forEach(TxnLane::close);
  }

  private Stream<TxnLane<?, ?>> lanes() {
    return Stream.of(acquires, changes, reads);
  }

  private static CallLane.Limits limits(int batchSize, int inFlight, EtcdSettings settings) {
    return new CallLane.Limits(batchSize, inFlight, MAX_SINGLES_IN_FLIGHT, settings.queue());
  }

  /** Nests the transactions in one. */
  private CompletionStage<List<BatchReply<TxnOutcome>>> sendTxns(
      List<LockTxn> txns, CallDeadline deadline) {
    LockTxn first = txns.get(0);
    if (txns.size() == 1) {
      return send(first.request(), first.connection(), deadline)
          .thenApply(reply -> List.of(outcome(reply.message(), reply)));
    }
    TxnRequest.Builder all = TxnRequest.newBuilder();
    long only = EtcdConnections.ANY_CONNECTION;
    for (LockTxn each : txns) {
      all.addSuccess(RequestOp.newBuilder().setRequestTxn(each.request()));
      only = only == each.connection() ? only : commonConnection(only, each.connection());
    }
    return send(all.build(), only, deadline)
        .thenApply(
            reply ->
                reply.message().getResponsesList().stream()
                    .map(each -> outcome(each.getResponseTxn(), reply))
                    .toList());
  }

  /**
   * Returns the connection that both need. If they need different ones, none will do: the batch is
   * refused, and its members are sent one by one.
   */
  private static long commonConnection(long one, long other) {
    if (one == EtcdConnections.ANY_CONNECTION) {
      return other;
    }
    return other == EtcdConnections.ANY_CONNECTION ? one : EtcdConnections.NO_CONNECTION;
  }

  private static BatchReply<TxnOutcome> outcome(
      TxnResponse response, EtcdReply<TxnResponse> reply) {
    return new BatchReply.Answered<>(
        new TxnOutcome(
            response.getSucceeded(),
            response.getResponsesList(),
            reply.message().getHeader().getRevision(),
            reply.connection()));
  }

  /** Joins the reads without nesting, because etcd takes what is nested for a write. */
  private CompletionStage<List<BatchReply<LockRead>>> sendReads(
      List<LockName> names, CallDeadline deadline) {
    TxnRequest.Builder all = TxnRequest.newBuilder();
    for (LockName each : names) {
      all.addSuccess(TxnOps.get(schema.lock(each))).addSuccess(TxnOps.get(schema.queue(each)));
    }
    return send(all.build(), EtcdConnections.ANY_CONNECTION, deadline)
        .thenApply(reply -> decoded(names, reply.message()));
  }

  private static List<BatchReply<LockRead>> decoded(List<LockName> names, TxnResponse response) {
    List<BatchReply<LockRead>> replies = new ArrayList<>(names.size());
    long revision = response.getHeader().getRevision();
    long term = response.getHeader().getRaftTerm();
    for (int i = 0; i < names.size(); i++) {
      try {
        ObservedLock lock =
            ObservedLock.read(
                names.get(i), response.getResponses(2 * i), response.getResponses(2 * i + 1));
        replies.add(new BatchReply.Answered<>(new LockRead(lock, revision, term)));
      } catch (RuntimeException e) {
        replies.add(new BatchReply.Failed<>(e));
      }
    }
    return replies;
  }

  private CompletionStage<EtcdReply<TxnResponse>> send(
      TxnRequest request, long connection, CallDeadline deadline) {
    return connections.call(KVGrpc.getTxnMethod(), request, deadline, connection);
  }
}
