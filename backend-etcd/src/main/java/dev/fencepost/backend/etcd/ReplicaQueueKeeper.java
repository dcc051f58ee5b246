package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.ObservedLock.ReplicaQueue;
import dev.fencepost.backend.etcd.TxnLanes.LockTxn;
import dev.fencepost.backend.etcd.TxnLanes.TxnOutcome;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.support.CallDeadline;
import io.etcd.jetcd.api.TxnRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Keeps alive the replica queues that this replica is in, no matter which replica wrote them.
 *
 * <p>A queue is bound to a lease that is not kept alive, and that a stopping replica does not end.
 * The replicas in the queue rewrite it from time to time; the first one to come does it. So a queue
 * lives while one of its replicas does. For one thread.
 */
final class ReplicaQueueKeeper {
  private static final Duration REWRITE_AFTER = Duration.ofSeconds(10);
  private static final long CHECK_INTERVAL_NANOS = Duration.ofSeconds(1).toNanos();
  private static final int MAX_REWRITES_IN_FLIGHT = 5_000;

  private final OperationContext context;
  private final Duration callTimeout;
  private CompletableFuture<?> inFlight = CompletableFuture.completedFuture(null);
  private long lastCheckNanos = System.nanoTime();

  ReplicaQueueKeeper(OperationContext context, Duration callTimeout) {
    this.context = context;
    this.callTimeout = callTimeout;
  }

  /** Rewrites old queues. Called a few times a second. */
  void tick() {
    long now = System.nanoTime();
    if (!inFlight.isDone() || now - lastCheckNanos < CHECK_INTERVAL_NANOS) {
      return;
    }
    lastCheckNanos = now;
    Map<LockName, ReplicaQueue> old =
        context.watches().queuesOlderThan(REWRITE_AFTER, MAX_REWRITES_IN_FLIGHT);
    List<CompletableFuture<?>> writes =
        old.entrySet().stream()
            .<CompletableFuture<?>>map(
                each -> rewrite(each.getKey(), each.getValue()).toCompletableFuture())
            .toList();
    inFlight = CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new));
  }

  /** Writes the same queue on a fresh lease, or reads it if another replica has changed it. */
  private CompletionStage<Void> rewrite(LockName lock, ReplicaQueue queue) {
    CallDeadline deadline = CallDeadline.in(callTimeout);
    return context
        .leases()
        .queues()
        .take(deadline)
        .thenCompose(lease -> context.lanes().change(rewriting(lock, queue, lease), deadline))
        .thenAccept(outcome -> context.watches().recordQueue(lock, present(queue, outcome)));
  }

  private LockTxn rewriting(LockName lock, ReplicaQueue queue, LeaseHandle lease) {
    ByteString key = context.schema().queue(lock);
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(TxnOps.writtenAt(key, queue.revision()))
            .addSuccess(TxnOps.put(key, EtcdRecordCodec.encodeQueue(queue.replicas()), lease.id()))
            .addFailure(TxnOps.get(key))
            .build();
    return new LockTxn(lock, request, EtcdConnections.ANY_CONNECTION);
  }

  private static ReplicaQueue present(ReplicaQueue queue, TxnOutcome outcome) {
    return outcome.isDone()
        ? new ReplicaQueue(queue.replicas(), outcome.revision())
        : ReplicaQueue.of(TxnOps.first(outcome.responses().get(0).getResponseRange()));
  }
}
