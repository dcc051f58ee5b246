package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.backend.etcd.rpc.EtcdSettings;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.lock.spi.support.CallDeadline;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.LeaseTimeToLiveRequest;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A test's own client, for reads and writes that bypass the backends. */
final class EtcdTestClient implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final EtcdConnections connections;
  private final String prefix;
  final EtcdSchema schema;

  EtcdTestClient(String uri) {
    EtcdSettings settings = EtcdSettings.of(StoreSettings.of(uri));
    connections = new EtcdConnections(settings);
    prefix = settings.prefix();
    schema = new EtcdSchema(prefix);
  }

  <Q, A> A call(MethodDescriptor<Q, A> method, Q request) {
    return connections
        .call(method, request, CallDeadline.in(TIMEOUT))
        .toCompletableFuture()
        .orTimeout(TIMEOUT.toSeconds(), TimeUnit.SECONDS)
        .join()
        .message();
  }

  void put(ByteString key, ByteString value) {
    call(KVGrpc.getPutMethod(), PutRequest.newBuilder().setKey(key).setValue(value).build());
  }

  void delete(ByteString key) {
    call(KVGrpc.getDeleteRangeMethod(), DeleteRangeRequest.newBuilder().setKey(key).build());
  }

  /** Returns the record of a lock. */
  Optional<KeyValue> record(String lock) {
    return all(schema.lock(new LockName(lock))).stream().findFirst();
  }

  /** Returns the replica queue of a lock; empty if there is none. */
  Optional<KeyValue> queue(String lock) {
    return all(schema.queue(new LockName(lock))).stream().findFirst();
  }

  /** Returns the whole seconds that a lease has left; below 0 if it has ended. */
  long secondsLeft(long lease) {
    return call(
            LeaseGrpc.getLeaseTimeToLiveMethod(),
            LeaseTimeToLiveRequest.newBuilder().setID(lease).build())
        .getTTL();
  }

  /** Makes this many leases without keys. */
  void createLeases(int count, long seconds) {
    Semaphore inFlight = new Semaphore(500);
    for (int i = 0; i < count; i++) {
      inFlight.acquireUninterruptibly();
      connections
          .call(
              LeaseGrpc.getLeaseGrantMethod(),
              LeaseGrantRequest.newBuilder().setTTL(seconds).build(),
              CallDeadline.in(TIMEOUT))
          .whenComplete((granted, error) -> inFlight.release());
    }
    inFlight.acquireUninterruptibly(500);
  }

  /** Ends a lease, if it has not ended by itself. */
  void revoke(long lease) {
    connections
        .call(
            LeaseGrpc.getLeaseRevokeMethod(),
            LeaseRevokeRequest.newBuilder().setID(lease).build(),
            CallDeadline.in(TIMEOUT))
        .exceptionallyCompose(
            error ->
                EtcdException.isKind(error, EtcdException.Kind.LEASE_GONE)
                    ? CompletableFuture.completedStage(null)
                    : CompletableFuture.failedFuture(error))
        .toCompletableFuture()
        .join();
  }

  void deleteAll() {
    ByteString all = ByteString.copyFromUtf8(prefix + "/");
    call(
        KVGrpc.getDeleteRangeMethod(),
        DeleteRangeRequest.newBuilder().setKey(all).setRangeEnd(EtcdSchema.endOf(all)).build());
  }

  /** Returns all keys with this prefix. */
  List<KeyValue> all(ByteString begin) {
    return call(
            KVGrpc.getRangeMethod(),
            RangeRequest.newBuilder().setKey(begin).setRangeEnd(EtcdSchema.endOf(begin)).build())
        .getKvsList();
  }

  /** Returns the present revision of the store. */
  long revision() {
    return call(KVGrpc.getRangeMethod(), TxnOps.range(schema.tokenBase()))
        .getHeader()
        .getRevision();
  }

  @Override
  public void close() {
    connections.close();
  }
}
