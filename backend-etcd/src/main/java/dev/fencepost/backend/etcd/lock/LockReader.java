package dev.fencepost.backend.etcd.lock;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.lease.LeaseClient;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.record.UnreadableRecords;
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

/** Describes locks by linearizable reads. Safe for use by many threads. */
public final class LockReader {
  /** Two reads each, and the token base: below the usual limit of operations in a transaction. */
  private static final int MAX_NAMES_PER_TXN = 60;

  private static final Logger LOG = LoggerFactory.getLogger(LockReader.class);

  private final UnreadableRecords unreadable =
      new UnreadableRecords((count, what) -> LOG.warn("Left out ({} until now): {}", count, what));
  private final EtcdConnections connections;
  private final EtcdSchema schema;
  private final TokenBase tokenBase;
  private final LeaseClient leases;

  public LockReader(
      EtcdConnections connections, EtcdSchema schema, TokenBase tokenBase, LeaseClient leases) {
    this.connections = connections;
    this.schema = schema;
    this.tokenBase = tokenBase;
    this.leases = leases;
  }

  public CompletionStage<List<LockState>> describe(List<LockName> names, CallDeadline deadline) {
    List<LockName> distinct = names.stream().distinct().toList();
    List<CompletionStage<List<LockState>>> parts = new ArrayList<>();
    for (int i = 0; i < distinct.size(); i += MAX_NAMES_PER_TXN) {
      int end = Math.min(i + MAX_NAMES_PER_TXN, distinct.size());
      parts.add(describePart(distinct.subList(i, end), deadline));
    }
    return all(parts)
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
    request.addSuccess(TxnOps.get(tokenBase.key()));
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
                        LockReadRequest.first(record.getResponseRange()),
                        LockReadRequest.first(queue.getResponseRange()))
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
    return all(states);
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
    return LockReadRequest.first(response.getResponses(index).getResponseRange())
        .map(pair -> TokenBase.Value.of(pair, 0).offset() + revision)
        .orElseGet(() -> tokenBase.highestToken(revision));
  }

  private static <T> CompletionStage<List<T>> all(List<CompletionStage<T>> stages) {
    List<CompletableFuture<T>> futures =
        stages.stream().map(CompletionStage::toCompletableFuture).toList();
    return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new))
        .thenApply(done -> futures.stream().map(CompletableFuture::join).toList());
  }
}
