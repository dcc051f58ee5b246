package dev.fencepost.backend.etcd.lock;

import dev.fencepost.backend.etcd.lease.LeaseClient;
import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseStatus;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.TxnBatcher;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Queries the time that the leases of locks have left.
 *
 * <p>The end of a lease is believed only if a later read shows the same record in the same term of
 * etcd's leader. A deposed leader may report the end of a lease that its successor has extended.
 * Safe for use by many threads.
 */
public final class LeaseTimeReader {
  private static final int MAX_TRIES = 5;

  private final EtcdSchema schema;
  private final TxnBatcher<LockReadRequest, LockReadRequest.Result> reads;
  private final LeaseClient leases;

  public LeaseTimeReader(
      EtcdSchema schema,
      TxnBatcher<LockReadRequest, LockReadRequest.Result> reads,
      LeaseClient leases) {
    this.schema = schema;
    this.reads = reads;
    this.leases = leases;
  }

  /** Returns the lock with the time that is left. If it has changed, returns its present state. */
  CompletionStage<ObservedLock> withTime(ObservedLock observed, CallDeadline deadline) {
    return withTime(observed, deadline, 0);
  }

  private CompletionStage<ObservedLock> withTime(
      ObservedLock observed, CallDeadline deadline, int tries) {
    if (!observed.isBound()) {
      return CompletableFuture.completedStage(observed);
    }
    if (tries == MAX_TRIES) {
      return CompletableFuture.failedFuture(EtcdErrors.timeout());
    }
    return leases
        .secondsLeft(observed.entry().orElseThrow().lease(), deadline)
        .thenCompose(
            status -> {
              ObservedLock timed = observed.withSecondsLeft(status.seconds());
              return timed.entry().orElseThrow().hasEnded()
                  ? confirmEnd(timed, status, deadline, tries)
                  : CompletableFuture.completedStage(timed);
            });
  }

  private CompletionStage<ObservedLock> confirmEnd(
      ObservedLock ended, LeaseStatus status, CallDeadline deadline, int tries) {
    return reads
        .submit(LockReadRequest.of(schema, ended.lock()), deadline)
        .thenCompose(
            read -> {
              ObservedLock present = read.toLock(ended.lock());
              return read.term() == status.term() && present.hasSameRecordAs(ended)
                  ? CompletableFuture.completedStage(present.withSecondsLeft(status.seconds()))
                  : withTime(present, deadline, tries + 1);
            });
  }
}
