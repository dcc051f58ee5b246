package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.ObservedLock.Entry;
import dev.fencepost.backend.etcd.ObservedLock.ReplicaQueue;
import dev.fencepost.backend.etcd.RecordDiff.Kind;
import dev.fencepost.backend.etcd.TxnLanes.LockTxn;
import dev.fencepost.backend.etcd.TxnLanes.TxnOutcome;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.rpc.LeasePool.PooledLease;
import dev.fencepost.backend.etcd.rpc.TtlRounding;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.Attempt;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Renewal;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.StepContext;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.LockCommand;
import dev.fencepost.lock.spi.support.LockCommand.StoreTokens;
import dev.fencepost.lock.spi.support.RecordSteps;
import dev.fencepost.lock.spi.support.RecordSteps.RecordChange;
import dev.fencepost.lock.spi.support.RecordSteps.StepResult;
import io.etcd.jetcd.api.TxnRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The reads and writes of one command. A change is written in a transaction that compares the
 * observed state, with the lease that the record needs and, if it makes a token, with the token
 * base. The other branch of the transaction reads the present state. For one command; its steps run
 * one after another.
 */
final class EtcdLockTable<T> implements RecordSteps.LockTable<ObservedLock, T> {
  private static final TokenBase.Value NO_BASE =
      new TokenBase.Value(ByteString.EMPTY, 0, 0, EtcdConnections.ANY_CONNECTION);

  private final LockCommand<T> command;
  private final OperationContext parts;
  private final LockRenewer renewer;

  /** A lease that was taken for a grant and is bound to no key yet. */
  private Optional<PooledLease> unused = Optional.empty();

  /** The record that the present step wrote. */
  private Optional<Entry> written = Optional.empty();

  /**
   * The revision of the latest answer. Lower than an earlier one if etcd was restored meanwhile.
   */
  private long revision;

  /** True if the time that the lock's lease has left decides. */
  private boolean needsTime;

  EtcdLockTable(LockCommand<T> command, OperationContext parts, LockRenewer renewer) {
    this.command = command;
    this.parts = parts;
    this.renewer = renewer;
    this.needsTime = command instanceof LockCommand.ForceReleaseLock;
  }

  /** The leases and the token base of a write. */
  private record Resources(long lease, TokenBase.Value base, long queueLease) {}

  @Override
  public CompletionStage<ObservedLock> read(LockName lock, CallDeadline deadline) {
    return parts
        .lanes()
        .read(lock, deadline)
        .thenCompose(read -> seen(read.lock(), read.revision(), deadline));
  }

  @Override
  public boolean isGuess(ObservedLock observed) {
    return observed.isGuessed();
  }

  @Override
  public StepContext context() {
    return parts.step();
  }

  @Override
  public LockRecord recordOf(ObservedLock observed, StepContext context) {
    return observed.recordAt(context.nowMicros());
  }

  @Override
  public boolean needsWrite(ObservedLock observed, RecordChange<T> change) {
    return !diff(observed, change).isEmpty();
  }

  @Override
  public CompletionStage<StepResult<ObservedLock>> write(
      ObservedLock observed, RecordChange<T> change, CallDeadline deadline) {
    return write(observed, diff(observed, change), deadline);
  }

  @Override
  public CompletionStage<Optional<T>> answer(
      ObservedLock observed,
      RecordChange<T> change,
      StepResult<ObservedLock> result,
      CallDeadline deadline) {
    updateWatch(observed, change.after());
    parts.tokenBase().recordToken(result.token());
    T answer = withTokens(change.transition().outcome(), result.token());
    Optional<Attempt> attempt = command.attemptIn(answer);
    if (attempt.isPresent() && attempt.orElseThrow() instanceof Attempt.Granted granted) {
      return granted.grant().origin() == Grant.Origin.EXISTING
          ? confirm(granted.grant(), answer, deadline)
          : CompletableFuture.completedStage(Optional.of(answer));
    }
    boolean showsTime = attempt.isPresent() && change.after().turn().isEmpty();
    return showsTime && observed.isBound() && observed.entry().orElseThrow().secondsLeft().isEmpty()
        ? parts
            .reader()
            .withTime(observed, deadline)
            .thenApply(
                timed -> Optional.of(timed.hasSameRecordAs(observed) ? again(timed) : answer))
        : CompletableFuture.completedStage(Optional.of(answer));
  }

  /** Gives back a lease that was taken and is bound to no key. */
  void returnUnusedLease() {
    unused.ifPresent(parts.leases().pool()::giveBack);
    unused = Optional.empty();
  }

  private static <T> RecordDiff diff(ObservedLock observed, RecordChange<T> change) {
    return RecordDiff.between(observed, change.before(), change.after(), change.nowMicros());
  }

  private T withTokens(T answer, long token) {
    return command.withTokens(
        answer, new StoreTokens(token, parts.tokenBase().highestToken(revision)));
  }

  /** Completes a state that was read: with the time that is left, if it decides. */
  private CompletionStage<ObservedLock> seen(
      ObservedLock observed, long at, CallDeadline deadline) {
    revision = at;
    written = Optional.empty();
    boolean isTimed = observed.isBound() && (needsTime || observed.dependsOnTime());
    CompletionStage<ObservedLock> timed =
        isTimed
            ? parts.reader().withTime(observed, deadline)
            : CompletableFuture.completedStage(observed);
    return timed.thenApply(
        lock -> parts.watches().hasTurnExpired(lock) ? lock.withTurnExpired() : lock);
  }

  private CompletionStage<StepResult<ObservedLock>> write(
      ObservedLock observed, RecordDiff diff, CallDeadline deadline) {
    return prepare(observed, diff, deadline)
        .thenCompose(
            resources ->
                send(observed, diff, resources, deadline)
                    .handle(
                        (outcome, error) ->
                            error == null
                                ? after(observed, diff, resources, outcome, deadline)
                                : onFailure(diff, resources, error))
                    .thenCompose(result -> result))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, EtcdException.Kind.FULL)
                        && diff.isPossibleWithoutSpace()
                    ? write(observed, diff.withoutSpace(), deadline)
                    : CompletableFuture.failedFuture(error));
  }

  private CompletionStage<Resources> prepare(
      ObservedLock observed, RecordDiff diff, CallDeadline deadline) {
    CompletionStage<TokenBase.Value> base =
        diff.ownToken()
            ? parts.tokenBase().current(deadline)
            : CompletableFuture.completedStage(NO_BASE);
    CompletionStage<Long> queueLease =
        diff.queueChanged() && !diff.after().replicaQueue().isEmpty()
            ? parts.leases().queues().take(deadline).thenApply(LeaseHandle::id)
            : CompletableFuture.completedStage(0L);
    return lease(observed, diff, deadline)
        .thenCompose(
            lease ->
                base.thenCombine(queueLease, (value, queue) -> new Resources(lease, value, queue)));
  }

  private CompletionStage<Long> lease(
      ObservedLock observed, RecordDiff diff, CallDeadline deadline) {
    return switch (diff.kind()) {
      case GRANT ->
          pooledLease(diff.after().ownership().orElseThrow().lease(), deadline)
              .thenApply(pooled -> pooled.lease().id());
      case FREE -> parts.leases().memory().take(deadline).thenApply(LeaseHandle::id);
      case TURN -> parts.leases().turns().take(deadline).thenApply(LeaseHandle::id);
      case CLOSE -> CompletableFuture.completedStage(observed.entry().orElseThrow().lease());
      case CLOSE_ON_NEW_LEASE ->
          parts
              .leases()
              .client()
              .grant(TtlRounding.roundUp(diff.closedFor()).toSeconds(), LeaseUse.BINDING, deadline)
              .thenApply(LeaseHandle::id);
      case NONE, REMOVE -> CompletableFuture.completedStage(0L);
    };
  }

  private CompletionStage<PooledLease> pooledLease(Lease lease, CallDeadline deadline) {
    long seconds = TtlRounding.roundUp(lease.whole()).toSeconds();
    if (unused.filter(pooled -> pooled.seconds() == seconds).isPresent()) {
      return CompletableFuture.completedStage(unused.orElseThrow());
    }
    return parts
        .leases()
        .pool()
        .take(seconds, deadline)
        .thenApply(
            pooled -> {
              unused = Optional.of(pooled);
              return pooled;
            });
  }

  private CompletionStage<TxnOutcome> send(
      ObservedLock observed, RecordDiff diff, Resources resources, CallDeadline deadline) {
    EtcdSchema schema = parts.schema();
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
      request.addCompare(TxnOps.hasValue(schema.tokenBase(), resources.base().bytes()));
      request.addFailure(TxnOps.get(schema.tokenBase()));
    }
    // On another connection, a base restored from a backup may have the same value.
    LockTxn txn = new LockTxn(observed.lock(), request.build(), resources.base().connection());
    return command instanceof LockCommand.AcquireClaim
        ? parts.lanes().acquire(txn, deadline)
        : parts.lanes().change(txn, deadline);
  }

  private CompletionStage<StepResult<ObservedLock>> after(
      ObservedLock observed,
      RecordDiff diff,
      Resources resources,
      TxnOutcome outcome,
      CallDeadline deadline) {
    if (!outcome.isDone()) {
      if (diff.ownToken()) {
        parts
            .tokenBase()
            .onOtherBaseRead(
                resources.base(),
                TxnOps.first(outcome.responses().get(2).getResponseRange()),
                outcome.connection());
      }
      ObservedLock present =
          ObservedLock.read(
              observed.lock(), outcome.responses().get(0), outcome.responses().get(1));
      return seen(present, outcome.revision(), deadline)
          .thenApply(lock -> StepResult.refused(Optional.of(lock)));
    }
    revision = outcome.revision();
    returnFormerLease(observed, diff);
    if (diff.kind() == Kind.GRANT
        && unused.map(PooledLease::lease).filter(LeaseHandle::mayHaveEnded).isPresent()) {
      // The lease ran out while the transaction waited. Nobody relies on this grant.
      unused = Optional.empty();
      return CompletableFuture.completedStage(StepResult.refused(Optional.empty()));
    }
    return CompletableFuture.completedStage(
        StepResult.done(recordWritten(observed, diff, resources, outcome.revision())));
  }

  /** Remembers what this revision wrote, and returns its token; 0 if none. */
  private long recordWritten(
      ObservedLock observed, RecordDiff diff, Resources resources, long writtenAt) {
    if (diff.kind() == Kind.NONE || diff.kind() == Kind.REMOVE) {
      return 0;
    }
    LockValue value = diff.value(resources.base().offset());
    Entry entry = new Entry(value, writtenAt, resources.lease(), Optional.empty());
    written = Optional.of(entry);
    if (diff.kind() == Kind.GRANT) {
      unused.ifPresent(pooled -> parts.localGrants().add(observed.lock(), entry, pooled));
      unused = Optional.empty();
    }
    return diff.ownToken() ? entry.token() : 0;
  }

  /** Gives back the lease of the former record, unless the new record is bound to it as well. */
  private void returnFormerLease(ObservedLock observed, RecordDiff diff) {
    if (diff.kind() == Kind.NONE || !observed.isBound()) {
      return;
    }
    Optional<PooledLease> former =
        parts.localGrants().remove(observed.lock(), observed.entry().orElseThrow().revision());
    if (diff.kind() != Kind.CLOSE) {
      former.ifPresent(parts.leases().pool()::giveBack);
    }
  }

  /** Handles a transaction without an outcome. */
  private CompletionStage<StepResult<ObservedLock>> onFailure(
      RecordDiff diff, Resources resources, Throwable error) {
    boolean isGrant = diff.kind() == Kind.GRANT;
    if (EtcdException.isKind(error, EtcdException.Kind.NOT_SENT)) {
      parts.tokenBase().onNotSent(resources.base());
      return CompletableFuture.completedStage(StepResult.refused(Optional.empty()));
    }
    if (EtcdException.isKind(error, EtcdException.Kind.LEASE_GONE)) {
      unused = isGrant ? Optional.empty() : unused;
      parts.leases().memory().onGone(resources.lease());
      parts.leases().turns().onGone(resources.lease());
      parts.leases().queues().onGone(resources.queueLease());
      return CompletableFuture.completedStage(StepResult.refused(Optional.empty()));
    }
    if (isGrant && mayBeCarriedOut(error)) {
      // The grant may be bound to the lease already, or later. The lease is left to expire.
      unused = Optional.empty();
    }
    return CompletableFuture.failedFuture(error);
  }

  /** False if etcd refused the transaction, or if it found no room in the queue for etcd. */
  private static boolean mayBeCarriedOut(Throwable error) {
    boolean isRefused =
        AsyncCalls.cause(error) instanceof StoreException failed && failed.isRefusal();
    return !isRefused && !EtcdException.isRefusal(error);
  }

  /** Renews the lease of a claim that already holds the lock, so that it counts from now. */
  private CompletionStage<Optional<T>> confirm(Grant existing, T answer, CallDeadline deadline) {
    return renewer
        .renew(existing.ref(), deadline)
        .thenApply(
            renewal -> {
              // If the lease has ended, its record may still exist for a while.
              needsTime = true;
              return renewal instanceof Renewal.Renewed ? Optional.of(answer) : Optional.empty();
            });
  }

  /** Returns the same answer with the time that is left. */
  private T again(ObservedLock timed) {
    StepContext now = context();
    return withTokens(command.applyTo(recordOf(timed, now), now).outcome(), 0);
  }

  /** Watches the lock while this replica is in its queue or has its turn. */
  private void updateWatch(ObservedLock observed, LockRecord after) {
    List<ReplicaId> queued = after.replicaQueue();
    boolean waits =
        queued.contains(parts.self()) || after.turn().filter(parts.self()::equals).isPresent();
    if (!waits) {
      parts.watches().unwatch(observed.lock(), revision);
      return;
    }
    ReplicaQueue queue =
        queued.equals(observed.queue().replicas())
            ? observed.queue()
            : new ReplicaQueue(queued, queued.isEmpty() ? 0 : revision);
    Optional<Entry> entry = written.or(observed::entry);
    parts
        .watches()
        .watch(new ObservedLock(observed.lock(), entry, queue, observed.basis()), revision);
  }
}
