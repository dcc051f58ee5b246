package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.LeaseClient.Use;
import dev.fencepost.backend.etcd.LeasePool.Taken;
import dev.fencepost.backend.etcd.ObservedLock.Entry;
import dev.fencepost.backend.etcd.RecordDiff.Kind;
import dev.fencepost.lock.Lease;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Writes changes of one lock: with the lease that each needs, and compared with what was seen. For
 * one call; its steps follow each other.
 */
final class LockCommit {
  private static final TokenBase.Value NO_BASE =
      new TokenBase.Value(ByteString.EMPTY, 0, 0, EtcdConnections.ANY_CONNECTION);

  private final OperationContext around;
  private final boolean isAttempt;
  private final CallDeadline deadline;
  private Optional<Taken> unused = Optional.empty();
  private long revision;

  LockCommit(OperationContext around, boolean isAttempt, CallDeadline deadline) {
    this.around = around;
    this.isAttempt = isAttempt;
    this.deadline = deadline;
  }

  /**
   * What came of a change.
   *
   * @param isDone whether it was made
   * @param entry the record that was written, if one was
   * @param token the token that it got; 0 if none
   * @param revision of the store
   * @param instead how the lock stands, if that is why it was not made
   */
  record Made(
      boolean isDone,
      Optional<Entry> entry,
      long token,
      long revision,
      Optional<ObservedLock> instead) {
    static final Made NOTHING = new Made(false, Optional.empty(), 0, 0, Optional.empty());

    /** It was not made; look how the lock stands. */
    static final Made AGAIN = NOTHING;
  }

  /** What a change is written with. */
  private record Means(long lease, TokenBase.Value base, long lineLease) {}

  /** The highest revision that this call has seen. */
  long revision() {
    return revision;
  }

  void sawAt(long seen) {
    revision = Math.max(revision, seen);
  }

  /** Makes the change if the lock stands as it was seen. */
  CompletionStage<Made> make(ObservedLock seen, RecordDiff change) {
    return means(seen, change)
        .thenCompose(
            means ->
                send(seen, change, means)
                    .thenCompose(outcome -> answered(seen, change, means, outcome))
                    .exceptionallyCompose(error -> failed(change, means, error)))
        .exceptionallyCompose(
            error ->
                EtcdException.is(error, EtcdException.Kind.FULL) && change.canDoWithoutRoom()
                    ? make(seen, change.withoutRoom())
                    : CompletableFuture.failedFuture(error));
  }

  /** A lease that was taken and bound to nothing may be used again. */
  void giveBackUnused() {
    unused.ifPresent(around.pool()::giveBack);
    unused = Optional.empty();
  }

  private CompletionStage<Means> means(ObservedLock seen, RecordDiff change) {
    CompletionStage<TokenBase.Value> base =
        change.ownToken()
            ? around.base().current(deadline)
            : CompletableFuture.completedStage(NO_BASE);
    CompletionStage<Long> line =
        change.line() && !change.after().replicaQueue().isEmpty()
            ? around.lines().take(deadline).thenApply(LeaseHandle::id)
            : CompletableFuture.completedStage(0L);
    return lease(seen, change)
        .thenCompose(
            lease -> base.thenCombine(line, (counted, mine) -> new Means(lease, counted, mine)));
  }

  private CompletionStage<Long> lease(ObservedLock seen, RecordDiff change) {
    return switch (change.kind()) {
      case GRANT ->
          pooled(change.after().ownership().orElseThrow().lease()).thenApply(t -> t.lease().id());
      case FREE -> around.memories().take(deadline).thenApply(LeaseHandle::id);
      case TURN -> around.turns().take(deadline).thenApply(LeaseHandle::id);
      case CLOSE -> CompletableFuture.completedStage(seen.entry().orElseThrow().lease());
      case CLOSE_ANEW ->
          around
              .leases()
              .grant(TtlRounding.up(change.closedFor()).toSeconds(), Use.BINDING, deadline)
              .thenApply(LeaseHandle::id);
      case NONE, REMOVE -> CompletableFuture.completedStage(0L);
    };
  }

  private CompletionStage<Taken> pooled(Lease lease) {
    long seconds = TtlRounding.up(lease.whole()).toSeconds();
    if (unused.filter(taken -> taken.seconds() == seconds).isPresent()) {
      return CompletableFuture.completedStage(unused.orElseThrow());
    }
    return around
        .pool()
        .take(seconds, deadline)
        .thenApply(
            taken -> {
              unused = Optional.of(taken);
              return taken;
            });
  }

  private CompletionStage<GuardedTxn.Outcome> send(
      ObservedLock seen, RecordDiff change, Means means) {
    EtcdSchema keys = around.keys();
    ByteString record = keys.lock(seen.lock());
    ByteString line = keys.line(seen.lock());
    TxnRequest.Builder request = TxnRequest.newBuilder().addCompare(seen.recordUnchanged(keys));
    if (change.kind() != Kind.REMOVE) {
      request.addCompare(seen.lineUnchanged(keys));
    }
    if (change.kind() == Kind.REMOVE) {
      request.addSuccess(TxnOps.delete(record));
    } else if (change.kind() != Kind.NONE) {
      ByteString value = change.value(means.base().offset()).encode();
      request.addSuccess(TxnOps.put(record, value, means.lease()));
    }
    if (change.line()) {
      request.addSuccess(
          change.after().replicaQueue().isEmpty()
              ? TxnOps.delete(line)
              : TxnOps.put(
                  line,
                  ObservedLock.Queue.encode(change.after().replicaQueue()),
                  means.lineLease()));
    }
    request.addFailure(TxnOps.get(record)).addFailure(TxnOps.get(line));
    if (change.ownToken()) {
      request.addCompare(TxnOps.hasValue(around.base().key(), means.base().bytes()));
      request.addFailure(TxnOps.get(around.base().key()));
    }
    // Over another connection the base may be another, from a backup, of the same value.
    GuardedTxn guarded = new GuardedTxn(record, request.build(), means.base().connection());
    return lane().ask(guarded, deadline);
  }

  private TxnBatcher<GuardedTxn, GuardedTxn.Outcome> lane() {
    return isAttempt ? around.acquires() : around.owners();
  }

  private CompletionStage<Made> answered(
      ObservedLock seen, RecordDiff change, Means means, GuardedTxn.Outcome outcome) {
    sawAt(outcome.revision());
    if (!outcome.done()) {
      return CompletableFuture.completedStage(instead(seen, change, means, outcome));
    }
    settleLeases(seen, change);
    if (change.kind() == Kind.NONE) {
      return CompletableFuture.completedStage(
          new Made(true, Optional.empty(), 0, outcome.revision(), Optional.empty()));
    }
    if (isTooLate(change)) {
      // Its lease has run out while the transaction waited: nobody counts on this grant.
      unused = Optional.empty();
      return CompletableFuture.completedStage(Made.AGAIN);
    }
    return CompletableFuture.completedStage(made(seen, change, means, outcome.revision()));
  }

  private Made made(ObservedLock seen, RecordDiff change, Means means, long written) {
    if (change.kind() == Kind.REMOVE) {
      return new Made(true, Optional.empty(), 0, written, Optional.empty());
    }
    LockValue value = change.value(means.base().offset());
    Entry entry = new Entry(value, written, means.lease(), Optional.empty());
    if (change.kind() == Kind.GRANT) {
      unused.ifPresent(taken -> around.holdings().add(seen.lock(), entry, taken));
      unused = Optional.empty();
    }
    long token = change.ownToken() ? entry.token() : 0;
    return new Made(true, Optional.of(entry), token, written, Optional.empty());
  }

  /** What the record was bound to is free again, unless the new one is bound to the same. */
  private void settleLeases(ObservedLock seen, RecordDiff change) {
    if (change.kind() == Kind.NONE || !seen.isBound()) {
      return;
    }
    Optional<Taken> former =
        around.holdings().remove(seen.lock(), seen.entry().orElseThrow().revision());
    if (change.kind() != Kind.CLOSE) {
      former.ifPresent(around.pool()::giveBack);
    }
  }

  private Made instead(
      ObservedLock seen, RecordDiff change, Means means, GuardedTxn.Outcome outcome) {
    List<ResponseOp> read = outcome.responses();
    if (change.ownToken()) {
      around
          .base()
          .found(
              means.base(), LockRead.first(read.get(2).getResponseRange()), outcome.connection());
    }
    ObservedLock other =
        ObservedLock.read(
            seen.lock(),
            LockRead.first(read.get(0).getResponseRange()),
            LockRead.first(read.get(1).getResponseRange()));
    return new Made(false, Optional.empty(), 0, outcome.revision(), Optional.of(other));
  }

  private boolean isTooLate(RecordDiff change) {
    return change.kind() == Kind.GRANT
        && unused.map(Taken::lease).filter(LeaseHandle::mayHaveEnded).isPresent();
  }

  private CompletionStage<Made> failed(RecordDiff change, Means means, Throwable error) {
    boolean bound = change.kind() == Kind.GRANT;
    if (EtcdException.is(error, EtcdException.Kind.NOT_SENT)) {
      around.base().mistrust(means.base());
      return CompletableFuture.completedStage(Made.AGAIN);
    }
    if (EtcdException.is(error, EtcdException.Kind.LEASE_GONE)) {
      unused = bound ? Optional.empty() : unused;
      around.memories().isGone(means.lease());
      around.turns().isGone(means.lease());
      around.lines().isGone(means.lineLease());
      return CompletableFuture.completedStage(Made.AGAIN);
    }
    if (bound
        && EtcdException.in(error)
            .filter(t -> t.kind() != EtcdException.Kind.UNANSWERED)
            .isEmpty()) {
      // It may be bound to a grant by now, or be so later: it is left to die.
      unused = Optional.empty();
    }
    return CompletableFuture.failedFuture(error);
  }
}
