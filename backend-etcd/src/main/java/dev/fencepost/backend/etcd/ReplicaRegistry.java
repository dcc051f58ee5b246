package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdLeases;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.rpc.SharedCall;
import dev.fencepost.backend.etcd.rpc.TtlRounding;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadline;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry of living replicas, and the store's id. Each replica has an entry on a lease of its
 * own, and keeps that lease alive. Safe for use by many threads.
 */
final class ReplicaRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaRegistry.class);
  private static final long LEASE_SECONDS = 10;
  private static final long KEEP_ALIVE_INTERVAL_NANOS = 2_000_000_000L;
  private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(3);
  private static final int MAX_REPLICAS = 1_000;

  private final EtcdConnections connections;
  private final EtcdSchema schema;
  private final EtcdLeases leases;
  private final Supplier<String> newStoreId;
  private final TtlRounding rounding;
  private final Duration keepAliveTimeout;
  private final SharedCall<LeaseHandle> joining = new SharedCall<>();
  private volatile Replica self;
  private @Nullable LeaseHandle lease;
  private boolean confirming;
  private boolean failing;

  /**
   * Makes the registry; nothing is written yet.
   *
   * @param newStoreId makes the id of a store that has none
   * @param rounding the leases that the store can grant
   */
  ReplicaRegistry(
      EtcdConnections connections,
      EtcdSchema schema,
      EtcdLeases leases,
      Duration callTimeout,
      Replica self,
      Supplier<String> newStoreId,
      TtlRounding rounding) {
    this.connections = connections;
    this.schema = schema;
    this.leases = leases;
    this.keepAliveTimeout =
        callTimeout.compareTo(KEEP_ALIVE_TIMEOUT) < 0 ? callTimeout : KEEP_ALIVE_TIMEOUT;
    this.self = self;
    this.newStoreId = newStoreId;
    this.rounding = rounding;
  }

  /** Writes this replica's entry, and keeps it in this form from now on. */
  CompletionStage<Boolean> announce(Replica changed, CallDeadline deadline) {
    self = changed;
    return join(deadline).thenCompose(joined -> write(joined.id(), deadline));
  }

  /** Sends a heartbeat from time to time. */
  void tick() {
    LeaseHandle known;
    synchronized (this) {
      boolean isFresh = lease != null && lease.ageNanos() < KEEP_ALIVE_INTERVAL_NANOS;
      if (confirming || isFresh) {
        return;
      }
      confirming = true;
      // etcd answers for an ended lease only when it has removed the lease's keys.
      lease = lease != null && lease.mayHaveEnded() ? null : lease;
      known = lease;
    }
    CallDeadline deadline = CallDeadline.in(keepAliveTimeout);
    CompletionStage<LeaseHandle> beat =
        AsyncCalls.start(() -> known == null ? join(deadline) : keepAlive(known, deadline));
    beat.whenComplete((joined, error) -> onHeartbeat(error));
  }

  /** Returns the lease of the entry, if there is one, for the caller to revoke. */
  synchronized Optional<LeaseHandle> leaseToRevoke() {
    return Optional.ofNullable(lease);
  }

  /** Returns the store's id and the living replicas. */
  CompletionStage<StoreInfo> info(CallDeadline deadline) {
    ByteString own = schema.replica(self.id());
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(TxnOps.writtenAt(schema.storeId(), 0))
            .addSuccess(TxnOps.get(own))
            .addSuccess(replicas())
            .addSuccess(TxnOps.put(schema.storeId(), ByteString.copyFromUtf8(newStoreId.get()), 0))
            .addSuccess(TxnOps.get(schema.storeId()))
            .addFailure(TxnOps.get(own))
            .addFailure(replicas())
            .addFailure(TxnOps.get(schema.storeId()))
            .build();
    return connections
        .call(KVGrpc.getTxnMethod(), request, deadline)
        .thenApply(reply -> info(own, reply.message()));
  }

  /** Joins if this replica has no lease; the lease lives as long as this replica. */
  private CompletionStage<LeaseHandle> join(CallDeadline deadline) {
    synchronized (this) {
      if (lease != null) {
        return CompletableFuture.completedStage(lease);
      }
    }
    return joining.join(
        () ->
            leases
                .client()
                .grant(LEASE_SECONDS, LeaseUse.FREE, deadline)
                .thenCompose(fresh -> write(fresh.id(), deadline).thenApply(done -> use(fresh))));
  }

  private synchronized LeaseHandle use(LeaseHandle fresh) {
    lease = fresh;
    return fresh;
  }

  /** Keeps the lease alive, and replaces it if it is gone. */
  private CompletionStage<LeaseHandle> keepAlive(LeaseHandle known, CallDeadline deadline) {
    long sent = System.nanoTime();
    return leases
        .keepAlive(known.id(), deadline)
        .thenCompose(
            status -> {
              synchronized (this) {
                if (lease != null && lease.id() == known.id()) {
                  lease = status.isGone() ? null : known.aliveSince(sent);
                }
              }
              return join(deadline);
            });
  }

  private void onHeartbeat(@Nullable Throwable error) {
    boolean isFirst;
    synchronized (this) {
      confirming = false;
      isFirst = error != null && !failing;
      failing = error != null;
    }
    if (isFirst) {
      LOG.warn("The heartbeat of this replica failed: {}", String.valueOf(error));
    }
  }

  private StoreInfo info(ByteString own, TxnResponse response) {
    int last = response.getResponsesCount() - 1;
    String storeId =
        response.getResponses(last).getResponseRange().getKvs(0).getValue().toStringUtf8();
    Map<ByteString, KeyValue> entries = new LinkedHashMap<>();
    // First, because foreign entries may take all the places.
    response.getResponses(0).getResponseRange().getKvsList().forEach(kv -> entries.put(own, kv));
    if (entries.isEmpty()) {
      forgetLease();
    }
    response
        .getResponses(1)
        .getResponseRange()
        .getKvsList()
        .forEach(kv -> entries.put(kv.getKey(), kv));
    List<Replica> living = new ArrayList<>();
    entries.values().forEach(kv -> decode(kv).ifPresent(living::add));
    return new StoreInfo("etcd", storeId, rounding.terms(), living);
  }

  /** Our entry was removed. The next lease writes it again. */
  private synchronized void forgetLease() {
    lease = null;
  }

  private RequestOp replicas() {
    return RequestOp.newBuilder()
        .setRequestRange(
            RangeRequest.newBuilder()
                .setKey(schema.replicas())
                .setRangeEnd(EtcdSchema.endOf(schema.replicas()))
                .setLimit(MAX_REPLICAS))
        .build();
  }

  private CompletionStage<Boolean> write(long leaseId, CallDeadline deadline) {
    Replica present = self;
    PutRequest request =
        PutRequest.newBuilder()
            .setKey(schema.replica(present.id()))
            .setValue(ByteString.copyFromUtf8(present.phase() + " " + present.address()))
            .setLease(leaseId)
            .build();
    return connections.call(KVGrpc.getPutMethod(), request, deadline).thenApply(reply -> true);
  }

  /** Decodes an entry. Returns nothing if it is of a later version or not an entry. */
  private Optional<Replica> decode(KeyValue entry) {
    String id = entry.getKey().substring(schema.replicas().size()).toStringUtf8();
    String[] parts = entry.getValue().toStringUtf8().split(" ", 2);
    try {
      return Optional.of(new Replica(new ReplicaId(id), parts[1], Replica.Phase.valueOf(parts[0])));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      LOG.debug("Unreadable entry in the replica registry: {}", e.toString());
      return Optional.empty();
    }
  }
}
