package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.TxnRequest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Marks of protected resources. A mark is eight bytes, whose order is that of their numbers, so
 * that one transaction compares and raises it. Those that are not raised for long are forgotten
 * with their lease. Safe for use by many threads.
 */
final class FenceMarks {
  private static final long DAY_NANOS = Duration.ofDays(1).toNanos();
  private static final int MOST_TRIES = 20;

  private final EtcdConnections wire;
  private final EtcdSchema keys;
  private final TokenBase base;
  private final SharedLease leases;

  FenceMarks(EtcdConnections wire, EtcdSchema keys, TokenBase base, SharedLease leases) {
    this.wire = wire;
    this.keys = keys;
    this.base = base;
    this.leases = leases;
  }

  CompletionStage<FenceAdvance> advance(
      ResourceName resource, FencingToken token, CallDeadline deadline) {
    return base.current(deadline)
        .thenCompose(
            known -> {
              // etcd has no clock; a token of another store may be ahead of our revisions.
              long now = Math.max(base.presentToken(known.revision()), base.clockNanos());
              long limit = now + DAY_NANOS;
              return token.value() > limit
                  ? CompletableFuture.<FenceAdvance>completedStage(
                      new FenceAdvance.TooFarAhead(limit))
                  : raise(keys.mark(resource), token, deadline, 0);
            });
  }

  CompletionStage<Optional<FencingToken>> reset(ResourceName resource, CallDeadline deadline) {
    DeleteRangeRequest request =
        DeleteRangeRequest.newBuilder().setKey(keys.mark(resource)).setPrevKv(true).build();
    return wire.call(KVGrpc.getDeleteRangeMethod(), request, deadline)
        .thenApply(
            reply ->
                reply.message().getPrevKvsCount() == 0
                    ? Optional.empty()
                    : Optional.of(new FencingToken(decode(reply.message().getPrevKvs(0)))));
  }

  private CompletionStage<FenceAdvance> raise(
      ByteString key, FencingToken token, CallDeadline deadline, int tries) {
    if (tries == MOST_TRIES) {
      return CompletableFuture.failedFuture(EtcdException.timeout());
    }
    ByteString value = encode(token.value());
    return leases
        .take(deadline)
        .thenCompose(
            lease ->
                ask(key, value, lease, tries % 2 == 0, deadline)
                    .exceptionallyCompose(error -> goneLease(error, lease)))
        .thenCompose(
            mark ->
                mark.isPresent()
                    ? CompletableFuture.completedStage(verdict(token, mark.orElseThrow()))
                    : raise(key, token, deadline, tries + 1));
  }

  /** The mark that stood before, 0 if there was none; empty if it has to be asked again. */
  private CompletionStage<Optional<Long>> ask(
      ByteString key, ByteString value, LeaseHandle lease, boolean isKnown, CallDeadline deadline) {
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(isKnown ? TxnOps.isBelow(key, value) : TxnOps.writtenAt(key, 0))
            .addSuccess(TxnOps.put(key, value, lease.id()))
            .addFailure(TxnOps.get(key))
            .build();
    return wire.call(KVGrpc.getTxnMethod(), request, deadline)
        .thenApply(
            reply -> {
              if (reply.message().getSucceeded()) {
                return Optional.of(0L);
              }
              return LockRead.first(reply.message().getResponses(0).getResponseRange())
                  .map(FenceMarks::decode)
                  .filter(mark -> isKnown || mark >= decode(value));
            });
  }

  private CompletionStage<Optional<Long>> goneLease(Throwable error, LeaseHandle lease) {
    if (!EtcdException.is(error, EtcdException.Kind.LEASE_GONE)) {
      return CompletableFuture.failedFuture(error);
    }
    leases.isGone(lease.id());
    return CompletableFuture.completedStage(Optional.empty());
  }

  private static FenceAdvance verdict(FencingToken token, long mark) {
    if (token.value() > mark) {
      return new FenceAdvance.Advanced(token);
    }
    FencingToken standing = new FencingToken(mark);
    return token.value() == mark
        ? new FenceAdvance.Unchanged(standing)
        : new FenceAdvance.Stale(standing);
  }

  private static ByteString encode(long token) {
    return ByteString.copyFrom(ByteBuffer.allocate(Long.BYTES).putLong(token).flip());
  }

  private static long decode(KeyValue pair) {
    return decode(pair.getValue());
  }

  private static long decode(ByteString value) {
    return value.asReadOnlyByteBuffer().getLong();
  }
}
