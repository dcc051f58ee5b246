package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.LeaseClient.Use;
import dev.fencepost.lock.LockName;
import io.etcd.jetcd.api.TxnRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Keeps the lines in which this replica stands, whoever wrote them. A line is bound to a lease that
 * is not kept alive and not ended by a replica that stops; those who stand in it write it again
 * from time to time, the first of them to come. So a line lives while one of them does. For one
 * thread.
 */
final class ReplicaQueueKeeper {
  /** Of all that stand in a line, one has written it again long before its lease ends. */
  static final SharedLease.Terms TERMS =
      new SharedLease.Terms(Use.FREE, 60, Duration.ofSeconds(5), Duration.ofSeconds(5), 1_000);

  private static final Duration WRITTEN_AGAIN_AFTER = Duration.ofSeconds(10);
  private static final long LOOK_EVERY_NANOS = Duration.ofSeconds(1).toNanos();
  private static final int MOST_AT_ONCE = 5_000;

  private final OperationContext around;
  private final Duration callTimeout;
  private CompletableFuture<?> underWay = CompletableFuture.completedFuture(null);
  private long lookedNanos = System.nanoTime();

  ReplicaQueueKeeper(OperationContext around, Duration callTimeout) {
    this.around = around;
    this.callTimeout = callTimeout;
  }

  /** To be called a few times a second. */
  void tick() {
    long now = System.nanoTime();
    if (!underWay.isDone() || now - lookedNanos < LOOK_EVERY_NANOS) {
      return;
    }
    lookedNanos = now;
    Map<LockName, ObservedLock.Queue> old =
        around.watches().linesOlderThan(WRITTEN_AGAIN_AFTER, MOST_AT_ONCE);
    List<CompletableFuture<?>> writes =
        old.entrySet().stream()
            .<CompletableFuture<?>>map(
                line -> writeAgain(line.getKey(), line.getValue()).toCompletableFuture())
            .toList();
    underWay = CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new));
  }

  /** The same line on a fresh lease; or what it is by now, if somebody has changed it. */
  private CompletionStage<Void> writeAgain(LockName lock, ObservedLock.Queue line) {
    CallDeadline deadline = CallDeadline.in(callTimeout);
    return around
        .lines()
        .take(deadline)
        .thenCompose(lease -> around.owners().ask(request(lock, line, lease), deadline))
        .thenAccept(outcome -> around.watches().sawLine(lock, found(line, outcome)));
  }

  private GuardedTxn request(LockName lock, ObservedLock.Queue line, LeaseHandle lease) {
    ByteString key = around.keys().line(lock);
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(TxnOps.writtenAt(key, line.revision()))
            .addSuccess(TxnOps.put(key, ObservedLock.Queue.encode(line.replicas()), lease.id()))
            .addFailure(TxnOps.get(key))
            .build();
    return new GuardedTxn(around.keys().lock(lock), request, EtcdConnections.ANY_CONNECTION);
  }

  private static ObservedLock.Queue found(ObservedLock.Queue line, GuardedTxn.Outcome outcome) {
    return outcome.done()
        ? new ObservedLock.Queue(line.replicas(), outcome.revision())
        : ObservedLock.Queue.of(LockRead.first(outcome.responses().get(0).getResponseRange()));
  }
}
