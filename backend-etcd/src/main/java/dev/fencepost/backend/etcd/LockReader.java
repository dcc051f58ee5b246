package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.LeaseClient;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseStatus;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.record.UnreadableRecords;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadline;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads locks linearizably, with the time that they have left. Safe for use by many threads. */
final class LockReader {
  /** Two reads each, and the token base: below the usual limit of operations in a transaction. */
  private static final int MAX_NAMES_PER_TXN = 60;

  private static final Logger LOG = LoggerFactory.getLogger(LockReader.class);

  private static final int MAX_TRIES = 5;

  private final UnreadableRecords unreadable =
      new UnreadableRecords((count, what) -> LOG.warn("Left out ({} until now): {}", count, what));
  private final EtcdConnections connections;
  private final EtcdSchema schema;
  private final TxnLanes lanes;
  private final TokenBase tokenBase;
  private final LeaseClient leases;

  LockReader(
      EtcdConnections connections,
      EtcdSchema schema,
      TxnLanes lanes,
      TokenBase tokenBase,
      LeaseClient leases) {
    this.connections = connections;
    this.schema = schema;
    this.lanes = lanes;
    this.tokenBase = tokenBase;
    this.leases = leases;
  }

  /**
   * Returns the lock with the time that its lease has left. If it has changed, returns its present
   * state.
   *
   * <p>The end of a lease is believed only if a later read shows the same record in the same term
   * of etcd's leader. A deposed leader may report the end of a lease that its successor has
   * extended.
   */
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
    return lanes
        .read(ended.lock(), deadline)
        .thenCompose(
            read ->
                read.term() == status.term() && read.lock().hasSameRecordAs(ended)
                    ? CompletableFuture.completedStage(
                        read.lock().withSecondsLeft(status.seconds()))
                    : withTime(read.lock(), deadline, tries + 1));
  }

  /** Describes locks, each name as often as it is given; a lock that is unreadable is left out. */
  CompletionStage<List<LockState>> describe(List<LockName> names, CallDeadline deadline) {
    List<LockName> distinct = names.stream().distinct().toList();
    List<CompletionStage<List<LockState>>> parts = new ArrayList<>();
    for (int i = 0; i < distinct.size(); i += MAX_NAMES_PER_TXN) {
      int end = Math.min(i + MAX_NAMES_PER_TXN, distinct.size());
      parts.add(describePart(distinct.subList(i, end), deadline));
    }
    return AsyncCalls.all(parts)
        .thenApply(
            states -> {
              Map<LockName, LockState> byName = new HashMap<>();
              states.forEach(part -> part.forEach(state -> byName.put(state.lock(), state)));
              return names.stream()
                  .flatMap(name -> Optional.ofNullable(byName.get(name)).stream())
                  .toList();
            });
  }

  private CompletionStage<List<LockState>> describePart(
      List<LockName> names, CallDeadline deadline) {
    TxnRequest.Builder request = TxnRequest.newBuilder();
    for (LockName name : names) {
      request.addSuccess(TxnOps.get(schema.lock(name))).addSuccess(TxnOps.get(schema.queue(name)));
    }
    request.addSuccess(TxnOps.get(schema.tokenBase()));
    return connections
        .call(KVGrpc.getTxnMethod(), request.build(), deadline)
        .thenCompose(
            reply -> {
              TxnResponse response = reply.message();
              List<ObservedLock> locks = new ArrayList<>();
              for (int i = 0; i < names.size(); i++) {
                ResponseOp record = response.getResponses(2 * i);
                ResponseOp queue = response.getResponses(2 * i + 1);
                readable(
                        names.get(i),
                        TxnOps.first(record.getResponseRange()),
                        TxnOps.first(queue.getResponseRange()))
                    .ifPresent(locks::add);
              }
              return states(locks, highestToken(response, 2 * names.size()), deadline);
            });
  }

  /** Returns the lock, or nothing if its record is unreadable. The log names that lock once. */
  Optional<ObservedLock> readable(
      LockName name, Optional<KeyValue> record, Optional<KeyValue> queue) {
    return unreadable.skipping(name, () -> ObservedLock.read(name, record, queue));
  }

  /**
   * Returns the lock with this name as in the keys. Empty if no lock has it, which the log says
   * once.
   */
  Optional<LockName> named(ByteString name) {
    Optional<LockName> lock = LockName.fromUtf8(name.toByteArray());
    if (lock.isEmpty()) {
      unreadable.skippedForeign(schema.lock(name).toStringUtf8());
    }
    return lock;
  }

  /** Returns the states of the locks, with the time that their leases have left. */
  CompletionStage<List<LockState>> states(
      List<ObservedLock> locks, long highestToken, CallDeadline deadline) {
    List<CompletionStage<LockState>> states = new ArrayList<>();
    for (ObservedLock each : locks) {
      CompletionStage<ObservedLock> timed =
          each.isBound()
              ? leases
                  .secondsLeft(each.entry().orElseThrow().lease(), deadline)
                  .thenApply(status -> each.withSecondsLeft(status.seconds()))
              : CompletableFuture.completedStage(each);
      states.add(timed.thenApply(observed -> state(observed, highestToken)));
    }
    return AsyncCalls.all(states);
  }

  private LockState state(ObservedLock observed, long highestToken) {
    long now = TimeUnit.NANOSECONDS.toMicros(tokenBase.clockNanos());
    LockState state = observed.recordAt(now).stateAt(now);
    long highest = Math.max(highestToken, observed.token());
    return new LockState(
        state.lock(), state.status(), state.lastToken(), state.replicaQueue(), highest);
  }

  /**
   * Returns the highest token that can have been granted, by the token base of the same
   * transaction, no matter which replica wrote it.
   *
   * @param index of the response that has the token base
   */
  long highestToken(TxnResponse response, int index) {
    long revision = response.getHeader().getRevision();
    return TxnOps.first(response.getResponses(index).getResponseRange())
        .map(pair -> TokenBase.Value.of(pair, 0).offset() + revision)
        .orElseGet(() -> tokenBase.highestToken(revision));
  }
}
