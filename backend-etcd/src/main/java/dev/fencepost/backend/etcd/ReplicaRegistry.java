package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.LeaseClient.Use;
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
 * The living replicas, each with an entry on a lease of its own, which it keeps alive; and the
 * store's id. Safe for use by many threads.
 */
final class ReplicaRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaRegistry.class);
  private static final long LEASE_SECONDS = 10;
  private static final long KEEP_ALIVE_NANOS = 2_000_000_000L;
  private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(3);
  private static final int MOST_REPLICAS = 1_000;

  private final EtcdConnections wire;
  private final EtcdSchema keys;
  private final LeaseClient leases;
  private final KeepAliveStream keepAlives;
  private final EtcdSettings settings;
  private final Supplier<String> newStoreId;
  private final LeaseTermsSource terms;
  private volatile Replica self;
  private @Nullable LeaseHandle lease;
  private @Nullable CompletableFuture<LeaseHandle> joining;
  private boolean keeping;
  private boolean failing;

  /** Tells which leases the store keeps. */
  @FunctionalInterface
  interface LeaseTermsSource {
    StoreInfo.LeaseTerms terms();
  }

  ReplicaRegistry(
      EtcdConnections wire,
      EtcdSchema keys,
      LeaseClient leases,
      KeepAliveStream keepAlives,
      EtcdSettings settings,
      Replica self,
      Supplier<String> newStoreId,
      LeaseTermsSource terms) {
    this.wire = wire;
    this.keys = keys;
    this.leases = leases;
    this.keepAlives = keepAlives;
    this.settings = settings;
    this.self = self;
    this.newStoreId = newStoreId;
    this.terms = terms;
  }

  ReplicaId id() {
    return self.id();
  }

  /** Writes the entry, from now on in this form. */
  CompletionStage<Boolean> announce(Replica changed, CallDeadline deadline) {
    self = changed;
    return lease(deadline).thenCompose(id -> write(id, deadline));
  }

  /** The lease that lives as long as this replica. */
  CompletionStage<Long> lease(CallDeadline deadline) {
    CompletableFuture<LeaseHandle> mine;
    synchronized (this) {
      if (lease != null) {
        return CompletableFuture.completedStage(lease.id());
      }
      if (joining != null) {
        return joining.thenApply(LeaseHandle::id);
      }
      mine = new CompletableFuture<>();
      joining = mine;
    }
    leases
        .grant(LEASE_SECONDS, Use.FREE, deadline)
        .thenCompose(fresh -> write(fresh.id(), deadline).thenApply(written -> fresh))
        .whenComplete(
            (fresh, error) -> {
              synchronized (this) {
                joining = null;
                lease = error == null ? fresh : lease;
              }
              if (error == null) {
                mine.complete(fresh);
              } else {
                mine.completeExceptionally(error);
              }
            });
    return mine.thenApply(LeaseHandle::id);
  }

  /** Makes sure that the lease lives, by another one if need be. */
  CompletionStage<Long> confirm(CallDeadline deadline) {
    LeaseHandle known;
    synchronized (this) {
      // etcd answers for one that has ended only when it has removed its keys.
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
            said -> {
              synchronized (this) {
                if (lease != null && lease.id() == known.id()) {
                  lease = said.isGone() ? null : known.aliveSince(sent);
                }
              }
              return lease(deadline);
            });
  }

  /** Says now and then that this replica lives. */
  void tick() {
    synchronized (this) {
      boolean isFresh = lease != null && lease.ageNanos() < KEEP_ALIVE_NANOS;
      if (keeping || isFresh) {
        return;
      }
      keeping = true;
    }
    boolean isShort = settings.callTimeout().compareTo(KEEP_ALIVE_TIMEOUT) < 0;
    confirm(CallDeadline.in(isShort ? settings.callTimeout() : KEEP_ALIVE_TIMEOUT))
        .whenComplete(
            (id, error) -> {
              boolean first;
              synchronized (this) {
                keeping = false;
                first = error != null && !failing;
                failing = error != null;
              }
              if (first) {
                LOG.warn("Could not say that this replica lives: {}", error.toString());
              }
            });
  }

  /** The lease with the entry, if there is one, to be revoked. */
  synchronized Optional<LeaseHandle> depart() {
    return Optional.ofNullable(lease);
  }

  /** The store and the replicas that live. */
  CompletionStage<StoreInfo> info(CallDeadline deadline) {
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(TxnOps.writtenAt(keys.storeId(), 0))
            .addSuccess(TxnOps.put(keys.storeId(), ByteString.copyFromUtf8(newStoreId.get()), 0))
            .addSuccess(TxnOps.get(keys.storeId()))
            .addSuccess(replicas())
            .addFailure(TxnOps.get(keys.storeId()))
            .addFailure(replicas())
            .build();
    return wire.call(KVGrpc.getTxnMethod(), request, deadline)
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
    forgetIfMissing(living);
    return new StoreInfo("etcd", storeId, terms.terms(), living);
  }

  /** Somebody else removed our entry: it is written again with the next lease. */
  private void forgetIfMissing(List<Replica> living) {
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
                .setKey(keys.replicas())
                .setRangeEnd(EtcdSchema.endOf(keys.replicas()))
                .setLimit(MOST_REPLICAS))
        .build();
  }

  private CompletionStage<Boolean> write(long id, CallDeadline deadline) {
    Replica present = self;
    PutRequest request =
        PutRequest.newBuilder()
            .setKey(keys.replica(present.id()))
            .setValue(ByteString.copyFromUtf8(present.phase() + " " + present.address()))
            .setLease(id)
            .build();
    return wire.call(KVGrpc.getPutMethod(), request, deadline).thenApply(reply -> true);
  }

  /** The entry; nothing if it is of a later version, or nobody's. */
  private Optional<Replica> decode(KeyValue entry) {
    String id = entry.getKey().substring(keys.replicas().size()).toStringUtf8();
    String[] parts = entry.getValue().toStringUtf8().split(" ", 2);
    try {
      return Optional.of(new Replica(new ReplicaId(id), parts[1], Replica.Phase.valueOf(parts[0])));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      LOG.debug("An entry among the replicas cannot be read: {}", e.toString());
      return Optional.empty();
    }
  }
}
