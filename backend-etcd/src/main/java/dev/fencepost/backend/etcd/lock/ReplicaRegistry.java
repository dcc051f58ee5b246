package dev.fencepost.backend.etcd.lock;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.lease.KeepAliveStream;
import dev.fencepost.backend.etcd.lease.LeaseClient;
import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.lease.LeaseHandle;
import dev.fencepost.backend.etcd.lease.TtlRounding;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreInfo;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
public final class ReplicaRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaRegistry.class);
  private static final long LEASE_SECONDS = 10;
  private static final long KEEP_ALIVE_INTERVAL_NANOS = 2_000_000_000L;
  private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(3);
  private static final int MAX_REPLICAS = 1_000;

  private final EtcdConnections connections;
  private final EtcdSchema schema;
  private final LeaseClient leases;
  private final KeepAliveStream keepAlives;
  private final EtcdSettings settings;
  private final Supplier<String> newStoreId;
  private final TtlRounding rounding;
  private volatile Replica self;
  private @Nullable LeaseHandle lease;
  private @Nullable CompletableFuture<LeaseHandle> joining;
  private boolean confirming;
  private boolean failing;

  /**
   * Makes the registry; nothing is written yet.
   *
   * @param newStoreId makes the id of a store that has none
   * @param rounding the leases that the store can grant
   */
  public ReplicaRegistry(
      EtcdConnections connections,
      EtcdSchema schema,
      LeaseClient leases,
      KeepAliveStream keepAlives,
      EtcdSettings settings,
      Replica self,
      Supplier<String> newStoreId,
      TtlRounding rounding) {
    this.connections = connections;
    this.schema = schema;
    this.leases = leases;
    this.keepAlives = keepAlives;
    this.settings = settings;
    this.self = self;
    this.newStoreId = newStoreId;
    this.rounding = rounding;
  }

  ReplicaId id() {
    return self.id();
  }

  /** Writes this replica's entry, and keeps it in this form from now on. */
  public CompletionStage<Boolean> announce(Replica changed, CallDeadline deadline) {
    self = changed;
    return lease(deadline).thenCompose(id -> write(id, deadline));
  }

  /** Returns the id of the lease that lives as long as this replica; joins first if necessary. */
  CompletionStage<Long> lease(CallDeadline deadline) {
    CompletableFuture<LeaseHandle> result;
    synchronized (this) {
      if (lease != null) {
        return CompletableFuture.completedStage(lease.id());
      }
      if (joining != null) {
        return joining.thenApply(LeaseHandle::id);
      }
      result = new CompletableFuture<>();
      joining = result;
    }
    leases
        .grant(LEASE_SECONDS, LeaseUse.FREE, deadline)
        .thenCompose(fresh -> write(fresh.id(), deadline).thenApply(written -> fresh))
        .whenComplete(
            (fresh, error) -> {
              synchronized (this) {
                joining = null;
                lease = error == null ? fresh : lease;
              }
              if (error == null) {
                result.complete(fresh);
              } else {
                result.completeExceptionally(error);
              }
            });
    return result.thenApply(LeaseHandle::id);
  }

  /** Keeps the lease alive, and replaces it if it is gone. */
  CompletionStage<Long> confirm(CallDeadline deadline) {
    LeaseHandle known;
    synchronized (this) {
      // etcd answers for an ended lease only when it has removed the lease's keys.
      lease = lease != null && lease.mayHaveEnded() ? null : lease;
      known = lease;
    }
    if (known == null) {
      return lease(deadline);
    }
    long sent = System.nanoTime();
    return keepAlives
        .keepAlive(known.id(), deadline)
        .thenCompose(
            status -> {
              synchronized (this) {
                if (lease != null && lease.id() == known.id()) {
                  lease = status.isGone() ? null : known.aliveSince(sent);
                }
              }
              return lease(deadline);
            });
  }

  /** Sends a heartbeat from time to time. */
  public void tick() {
    synchronized (this) {
      boolean isFresh = lease != null && lease.ageNanos() < KEEP_ALIVE_INTERVAL_NANOS;
      if (confirming || isFresh) {
        return;
      }
      confirming = true;
    }
    boolean isShort = settings.callTimeout().compareTo(KEEP_ALIVE_TIMEOUT) < 0;
    confirm(CallDeadline.in(isShort ? settings.callTimeout() : KEEP_ALIVE_TIMEOUT))
        .whenComplete(
            (id, error) -> {
              boolean isFirst;
              synchronized (this) {
                confirming = false;
                isFirst = error != null && !failing;
                failing = error != null;
              }
              if (isFirst) {
                LOG.warn("The heartbeat of this replica failed: {}", error.toString());
              }
            });
  }

  /** Returns the lease of the entry, if there is one, for the caller to revoke. */
  public synchronized Optional<LeaseHandle> leaseToRevoke() {
    return Optional.ofNullable(lease);
  }

  /** Returns the store's id and the living replicas. */
  public CompletionStage<StoreInfo> info(CallDeadline deadline) {
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(TxnOps.writtenAt(schema.storeId(), 0))
            .addSuccess(TxnOps.put(schema.storeId(), ByteString.copyFromUtf8(newStoreId.get()), 0))
            .addSuccess(TxnOps.get(schema.storeId()))
            .addSuccess(replicas())
            .addFailure(TxnOps.get(schema.storeId()))
            .addFailure(replicas())
            .build();
    return connections
        .call(KVGrpc.getTxnMethod(), request, deadline)
        .thenApply(reply -> info(reply.message()));
  }

  private StoreInfo info(TxnResponse response) {
    int id = response.getSucceeded() ? 1 : 0;
    String storeId =
        response.getResponses(id).getResponseRange().getKvs(0).getValue().toStringUtf8();
    List<Replica> living = new ArrayList<>();
    for (KeyValue entry : response.getResponses(id + 1).getResponseRange().getKvsList()) {
      decode(entry).ifPresent(living::add);
    }
    forgetLeaseIfMissing(living);
    return new StoreInfo("etcd", storeId, rounding.terms(), living);
  }

  /** Forgets the lease if our entry was removed. The next lease writes the entry again. */
  private void forgetLeaseIfMissing(List<Replica> living) {
    if (living.stream().noneMatch(replica -> replica.id().equals(self.id()))) {
      synchronized (this) {
        lease = null;
      }
    }
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
