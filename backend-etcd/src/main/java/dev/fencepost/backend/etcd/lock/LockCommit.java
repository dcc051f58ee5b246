package dev.fencepost.backend.etcd.lock;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.lease.LeaseHandle;
import dev.fencepost.backend.etcd.lease.LeasePool.PooledLease;
import dev.fencepost.backend.etcd.lease.TtlRounding;
import dev.fencepost.backend.etcd.lock.ObservedLock.Entry;
import dev.fencepost.backend.etcd.lock.RecordDiff.Kind;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.backend.etcd.rpc.TxnBatcher;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.ReplicaId;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Writes changes of one lock, each with the lease that it needs and compared with the observed
 * state. For one call; its steps run one after another.
 */
final class LockCommit {
  private static final TokenBase.Value NO_BASE =
      new TokenBase.Value(ByteString.EMPTY, 0, 0, EtcdConnections.ANY_CONNECTION);

  private final OperationContext context;
  private final boolean isAttempt;
  private final CallDeadline deadline;
  private Optional<PooledLease> unused = Optional.empty();
  private long revision;

  LockCommit(OperationContext context, boolean isAttempt, CallDeadline deadline) {
    this.context = context;
    this.isAttempt = isAttempt;
    this.deadline = deadline;
  }

  /**
   * The result of a write.
   *
   * @param isDone true if the change was written
   * @param entry the record that was written, if one was
   * @param token the token that it got; 0 if none
   * @param revision of the store
   * @param present the present state of the lock, if it prevented the write
   */
  record Result(
      boolean isDone,
      Optional<Entry> entry,
      long token,
      long revision,
      Optional<ObservedLock> present) {
    static final Result NOTHING = new Result(false, Optional.empty(), 0, 0, Optional.empty());

    /** Not written. The caller reads the lock and retries. */
    static final Result RETRY = NOTHING;
  }

  /** The leases and the token base of a write. */
  private record Resources(long lease, TokenBase.Value base, long queueLease) {}

  /** Returns the highest revision that this call has seen. */
  long revision() {
    return revision;
  }

  void recordRevision(long seen) {
    revision = Math.max(revision, seen);
  }

  /** Writes the change if the lock is still in the observed state. */
  CompletionStage<Result> write(ObservedLock observed, RecordDiff diff) {
    return prepare(observed, diff)
        .thenCompose(
            resources ->
                send(observed, diff, resources)
                    .thenCompose(outcome -> onAnswer(observed, diff, resources, outcome))
                    .exceptionallyCompose(error -> onFailure(diff, resources, error)))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, EtcdException.Kind.FULL)
                        && diff.isPossibleWithoutSpace()
                    ? write(observed, diff.withoutSpace())
                    : CompletableFuture.failedFuture(error));
  }

  /** Gives back a lease that was taken and is bound to no key. */
  void returnUnusedLease() {
    unused.ifPresent(context.leasePool()::giveBack);
    unused = Optional.empty();
  }

  private CompletionStage<Resources> prepare(ObservedLock observed, RecordDiff diff) {
    CompletionStage<TokenBase.Value> base =
        diff.ownToken()
            ? context.tokenBase().current(deadline)
            : CompletableFuture.completedStage(NO_BASE);
    CompletionStage<Long> queueLease =
        diff.queueChanged() && !diff.after().replicaQueue().isEmpty()
            ? context.queueLease().take(deadline).thenApply(LeaseHandle::id)
            : CompletableFuture.completedStage(0L);
    return lease(observed, diff)
        .thenCompose(
            lease ->
                base.thenCombine(queueLease, (value, queue) -> new Resources(lease, value, queue)));
  }

  private CompletionStage<Long> lease(ObservedLock observed, RecordDiff diff) {
    return switch (diff.kind()) {
      case GRANT ->
          pooledLease(diff.after().ownership().orElseThrow().lease())
              .thenApply(pooled -> pooled.lease().id());
      case FREE -> context.memoryLease().take(deadline).thenApply(LeaseHandle::id);
      case TURN -> context.turnLease().take(deadline).thenApply(LeaseHandle::id);
      case CLOSE -> CompletableFuture.completedStage(observed.entry().orElseThrow().lease());
      case CLOSE_ON_NEW_LEASE ->
          context
              .leaseClient()
              .grant(TtlRounding.roundUp(diff.closedFor()).toSeconds(), LeaseUse.BINDING, deadline)
              .thenApply(LeaseHandle::id);
      case NONE, REMOVE -> CompletableFuture.completedStage(0L);
    };
  }

  private CompletionStage<PooledLease> pooledLease(Lease lease) {
    long seconds = TtlRounding.roundUp(lease.whole()).toSeconds();
    if (unused.filter(pooled -> pooled.seconds() == seconds).isPresent()) {
      return CompletableFuture.completedStage(unused.orElseThrow());
    }
    return context
        .leasePool()
        .take(seconds, deadline)
        .thenApply(
            pooled -> {
              unused = Optional.of(pooled);
              return pooled;
            });
  }

  private CompletionStage<GuardedTxn.Outcome> send(
      ObservedLock observed, RecordDiff diff, Resources resources) {
    EtcdSchema schema = context.schema();
    ByteString record = schema.lock(observed.lock());
    ByteString queue = schema.queue(observed.lock());
    TxnRequest.Builder request =
        TxnRequest.newBuilder().addCompare(observed.recordUnchanged(schema));
    if (diff.kind() != Kind.REMOVE) {
      request.addCompare(observed.queueUnchanged(schema));
    }
    if (diff.kind() == Kind.REMOVE) {
      request.addSuccess(TxnOps.delete(record));
    } else if (diff.kind() != Kind.NONE) {
      ByteString value = EtcdRecordCodec.encode(diff.value(resources.base().offset()));
      request.addSuccess(TxnOps.put(record, value, resources.lease()));
    }
    if (diff.queueChanged()) {
      List<ReplicaId> replicas = diff.after().replicaQueue();
      request.addSuccess(
          replicas.isEmpty()
              ? TxnOps.delete(queue)
              : TxnOps.put(queue, EtcdRecordCodec.encodeQueue(replicas), resources.queueLease()));
    }
    request.addFailure(TxnOps.get(record)).addFailure(TxnOps.get(queue));
    if (diff.ownToken()) {
      ByteString base = context.schema().tokenBase();
      request.addCompare(TxnOps.hasValue(base, resources.base().bytes()));
      request.addFailure(TxnOps.get(base));
    }
    // On another connection, a base restored from a backup may have the same value.
    GuardedTxn txn = new GuardedTxn(record, request.build(), resources.base().connection());
    return batcher().submit(txn, deadline);
  }

  private TxnBatcher<GuardedTxn, GuardedTxn.Outcome> batcher() {
    return isAttempt ? context.acquireTxns() : context.ownerTxns();
  }

  private CompletionStage<Result> onAnswer(
      ObservedLock observed, RecordDiff diff, Resources resources, GuardedTxn.Outcome outcome) {
    recordRevision(outcome.revision());
    if (!outcome.done()) {
      return CompletableFuture.completedStage(notWritten(observed, diff, resources, outcome));
    }
    returnFormerLease(observed, diff);
    if (diff.kind() == Kind.NONE) {
      return CompletableFuture.completedStage(
          new Result(true, Optional.empty(), 0, outcome.revision(), Optional.empty()));
    }
    if (isTooLate(diff)) {
      // The lease ran out while the transaction waited. Nobody relies on this grant.
      unused = Optional.empty();
      return CompletableFuture.completedStage(Result.RETRY);
    }
    return CompletableFuture.completedStage(written(observed, diff, resources, outcome.revision()));
  }

  private Result written(
      ObservedLock observed, RecordDiff diff, Resources resources, long writtenAt) {
    if (diff.kind() == Kind.REMOVE) {
      return new Result(true, Optional.empty(), 0, writtenAt, Optional.empty());
    }
    LockValue value = diff.value(resources.base().offset());
    Entry entry = new Entry(value, writtenAt, resources.lease(), Optional.empty());
    if (diff.kind() == Kind.GRANT) {
      unused.ifPresent(pooled -> context.localGrants().add(observed.lock(), entry, pooled));
      unused = Optional.empty();
    }
    long token = diff.ownToken() ? entry.token() : 0;
    return new Result(true, Optional.of(entry), token, writtenAt, Optional.empty());
  }

  /** Gives back the lease of the former record, unless the new record is bound to it as well. */
  private void returnFormerLease(ObservedLock observed, RecordDiff diff) {
    if (diff.kind() == Kind.NONE || !observed.isBound()) {
      return;
    }
    Optional<PooledLease> former =
        context.localGrants().remove(observed.lock(), observed.entry().orElseThrow().revision());
    if (diff.kind() != Kind.CLOSE) {
      former.ifPresent(context.leasePool()::giveBack);
    }
  }

  private Result notWritten(
      ObservedLock observed, RecordDiff diff, Resources resources, GuardedTxn.Outcome outcome) {
    List<ResponseOp> responses = outcome.responses();
    if (diff.ownToken()) {
      context
          .tokenBase()
          .onOtherBaseRead(
              resources.base(),
              LockReadRequest.first(responses.get(2).getResponseRange()),
              outcome.connection());
    }
    ObservedLock present =
        ObservedLock.read(
            observed.lock(),
            LockReadRequest.first(responses.get(0).getResponseRange()),
            LockReadRequest.first(responses.get(1).getResponseRange()));
    return new Result(false, Optional.empty(), 0, outcome.revision(), Optional.of(present));
  }

  private boolean isTooLate(RecordDiff diff) {
    return diff.kind() == Kind.GRANT
        && unused.map(PooledLease::lease).filter(LeaseHandle::mayHaveEnded).isPresent();
  }

  private CompletionStage<Result> onFailure(RecordDiff diff, Resources resources, Throwable error) {
    boolean isGrant = diff.kind() == Kind.GRANT;
    if (EtcdException.isKind(error, EtcdException.Kind.NOT_SENT)) {
      context.tokenBase().onNotSent(resources.base());
      return CompletableFuture.completedStage(Result.RETRY);
    }
    if (EtcdException.isKind(error, EtcdException.Kind.LEASE_GONE)) {
      unused = isGrant ? Optional.empty() : unused;
      context.memoryLease().onGone(resources.lease());
      context.turnLease().onGone(resources.lease());
      context.queueLease().onGone(resources.queueLease());
      return CompletableFuture.completedStage(Result.RETRY);
    }
    boolean refused =
        EtcdException.find(error)
            .filter(found -> found.kind() != EtcdException.Kind.UNANSWERED)
            .isPresent();
    if (isGrant && !refused) {
      // A grant may be bound to the lease already, or later. The lease is left to expire.
      unused = Optional.empty();
    }
    return CompletableFuture.failedFuture(error);
  }
}
