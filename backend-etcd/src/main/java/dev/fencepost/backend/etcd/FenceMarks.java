package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.EtcdException;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.backend.etcd.rpc.SharedLease;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.record.FenceMarkRule;
import dev.fencepost.lock.spi.support.CallDeadline;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.TxnRequest;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The high-water marks of protected resources.
 *
 * <p>A mark is eight bytes in big-endian order, so that one transaction can compare and raise it. A
 * mark that nobody raises for a long time is removed with its lease. Safe for use by many threads.
 */
final class FenceMarks {
  private static final int MAX_TRIES = 20;

  private final EtcdConnections connections;
  private final EtcdSchema schema;
  private final TokenBase tokenBase;
  private final SharedLease markLease;

  FenceMarks(
      EtcdConnections connections, EtcdSchema schema, TokenBase tokenBase, SharedLease markLease) {
    this.connections = connections;
    this.schema = schema;
    this.tokenBase = tokenBase;
    this.markLease = markLease;
  }

  CompletionStage<FenceAdvance> advance(
      ResourceName resource, FencingToken token, CallDeadline deadline) {
    return tokenBase
        .current(deadline)
        .thenCompose(
            known -> {
              // etcd has no clock; a token of another store may be ahead of our revisions.
              long now = Math.max(tokenBase.highestToken(known.revision()), tokenBase.clockNanos());
              long limit = FenceMarkRule.dayAfter(now);
              return token.value() > limit
                  ? CompletableFuture.<FenceAdvance>completedStage(
                      new FenceAdvance.TooFarAhead(limit))
                  : raise(schema.fenceMark(resource), token, deadline, 0);
            });
  }

  CompletionStage<Optional<FencingToken>> reset(ResourceName resource, CallDeadline deadline) {
    DeleteRangeRequest request =
        DeleteRangeRequest.newBuilder().setKey(schema.fenceMark(resource)).setPrevKv(true).build();
    return connections
        .call(KVGrpc.getDeleteRangeMethod(), request, deadline)
        .thenApply(
            reply ->
                reply.message().getPrevKvsCount() == 0
                    ? Optional.empty()
                    : Optional.of(new FencingToken(decode(reply.message().getPrevKvs(0)))));
  }

  private CompletionStage<FenceAdvance> raise(
      ByteString key, FencingToken token, CallDeadline deadline, int tries) {
    if (tries == MAX_TRIES) {
      return CompletableFuture.failedFuture(EtcdErrors.timeout());
    }
    ByteString value = encode(token.value());
    return markLease
        .take(deadline)
        .thenCompose(
            lease ->
                compareAndPut(key, value, lease, tries % 2 == 0, deadline)
                    .exceptionallyCompose(error -> onFailure(error, lease)))
        .thenCompose(
            mark ->
                mark.isPresent()
                    ? CompletableFuture.completedStage(
                        FenceMarkRule.verdict(mark.orElseThrow(), token))
                    : raise(key, token, deadline, tries + 1));
  }

  /**
   * Writes the mark if it is lower, or missing.
   *
   * @param mayExist true to expect a lower mark, false to expect none
   * @return the mark that prevented the write, 0 if it was written; empty to try again
   */
  private CompletionStage<Optional<Long>> compareAndPut(
      ByteString key,
      ByteString value,
      LeaseHandle lease,
      boolean mayExist,
      CallDeadline deadline) {
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(mayExist ? TxnOps.isBelow(key, value) : TxnOps.writtenAt(key, 0))
            .addSuccess(TxnOps.put(key, value, lease.id()))
            .addFailure(TxnOps.get(key))
            .build();
    return connections
        .call(KVGrpc.getTxnMethod(), request, deadline)
        .thenApply(
            reply -> {
              if (reply.message().getSucceeded()) {
                return Optional.of(0L);
              }
              return TxnOps.first(reply.message().getResponses(0).getResponseRange())
                  .map(FenceMarks::decode)
                  .filter(mark -> mayExist || mark >= decode(value));
            });
  }

  private CompletionStage<Optional<Long>> onFailure(Throwable error, LeaseHandle lease) {
    if (!EtcdException.isKind(error, EtcdException.Kind.LEASE_GONE)) {
      return CompletableFuture.failedFuture(error);
    }
    markLease.onGone(lease.id());
    return CompletableFuture.completedStage(Optional.empty());
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
