package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdConnections.EtcdReply;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.spi.support.CallDeadline;
import dev.fencepost.lock.spi.support.TokenBaseKeeper;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/**
 * The number that tokens are counted from. A token is the base plus the number of revisions since
 * the base was written. Each granting transaction compares the value of the base, so that tokens of
 * two bases never mix.
 *
 * <p>A higher base replaces it when a replica starts, and before the next grant after a new
 * connection or an unanswered call: etcd may have been restored from a backup meanwhile, and would
 * then use revisions a second time. (The replacement also ensures that a transaction that was sent
 * before and got no answer can no longer grant anything.)
 *
 * <p>A grant is sent only over the connection on which its base was read or written. So no other
 * grant has an uncertain token, and no claim can find such a grant later.
 *
 * <p>The new base is the highest of three: the clock; the token of the present revision, plus
 * {@value #SLACK}; and the highest token seen here, plus {@value #SLACK}. The slack is more than
 * the revisions that there can be between the read and the write. Tokens stay near the clock,
 * because every revision takes more than a nanosecond.
 */
final class TokenBase {
  static final long SLACK = 100_000_000;

  private final EtcdConnections connections;
  private final ByteString key;
  private final LongSupplier clockNanos;
  private final LongSupplier random;
  private final TokenBaseKeeper<Value> keeper;

  /**
   * A base as it was written.
   *
   * @param bytes its value; no other base has the same
   * @param nanos the token at the base's own revision
   * @param revision the revision that wrote it
   * @param connection on which it is known
   */
  record Value(ByteString bytes, long nanos, long revision, long connection)
      implements TokenBaseKeeper.PositionBase {

    @Override
    public long tokenAt(long position) {
      return offset() + position;
    }

    /** Returns the number to add to a revision to get its token. */
    long offset() {
      return nanos - revision;
    }

    static Value of(KeyValue pair, long connection) {
      long nanos = ByteBuffer.wrap(pair.getValue().toByteArray()).getLong();
      return new Value(pair.getValue(), nanos, pair.getModRevision(), connection);
    }
  }

  TokenBase(
      EtcdConnections connections, ByteString key, LongSupplier clockNanos, LongSupplier random) {
    this.connections = connections;
    this.key = key;
    this.clockNanos = clockNanos;
    this.random = random;
    keeper = new TokenBaseKeeper<>(clockNanos, SLACK, EtcdErrors::timeout);
    connections.onDoubt(keeper::invalidate);
  }

  /** Returns the base for grants that are sent now, and replaces it first if necessary. */
  CompletionStage<Value> current(CallDeadline deadline) {
    return keeper.current(least -> replace(least, deadline));
  }

  /** Handles a transaction that was not sent, because the connection of its base is gone. */
  void onNotSent(Value used) {
    keeper.adopt(used, Optional.empty(), 0);
  }

  /** Handles a transaction that compared {@code used} and read this base instead. */
  void onOtherBaseRead(Value used, Optional<KeyValue> read, long connection) {
    Optional<Value> other =
        read.map(pair -> Value.of(pair, connection))
            .filter(value -> value.connection() == used.connection());
    keeper.adopt(used, other, other.map(Value::revision).orElse(0L));
  }

  /** Records a token that was seen. */
  void recordToken(long token) {
    keeper.recordToken(token);
  }

  /** Returns the highest token that can have been granted by then, as far as known here. */
  long highestToken(long revision) {
    return keeper.highestToken(revision);
  }

  /** Returns the wall clock of this replica, in ns since 1970. */
  long clockNanos() {
    return clockNanos.getAsLong();
  }

  private CompletionStage<Optional<Value>> replace(long least, CallDeadline deadline) {
    return connections
        .call(KVGrpc.getRangeMethod(), TxnOps.range(key), deadline)
        .thenCompose(read -> write(read, least, deadline));
  }

  private CompletionStage<Optional<Value>> write(
      EtcdReply<RangeResponse> read, long least, CallDeadline deadline) {
    Optional<KeyValue> before = TxnOps.first(read.message());
    long revision = read.message().getHeader().getRevision();
    long counted =
        before.map(pair -> Value.of(pair, read.connection()).tokenAt(revision) + SLACK).orElse(0L);
    long nanos = Math.max(least, counted);
    ByteString bytes =
        ByteString.copyFrom(
            ByteBuffer.allocate(2 * Long.BYTES).putLong(nanos).putLong(random.getAsLong()).flip());
    Compare unchanged = TxnOps.writtenAt(key, before.map(KeyValue::getModRevision).orElse(0L));
    TxnRequest request =
        TxnRequest.newBuilder()
            .addCompare(unchanged)
            .addSuccess(TxnOps.put(key, bytes, 0))
            .addFailure(TxnOps.get(key))
            .build();
    return connections
        .call(KVGrpc.getTxnMethod(), request, deadline)
        .thenApply(reply -> valueAfter(reply, bytes, nanos))
        .thenApply(value -> value.filter(v -> v.connection() == read.connection()));
  }

  /** Returns the present base: ours, or one that another replica wrote between read and write. */
  private Optional<Value> valueAfter(EtcdReply<TxnResponse> reply, ByteString bytes, long nanos) {
    TxnResponse response = reply.message();
    if (response.getSucceeded()) {
      long revision = response.getHeader().getRevision();
      return Optional.of(new Value(bytes, nanos, revision, reply.connection()));
    }
    return TxnOps.first(response.getResponses(0).getResponseRange())
        .map(pair -> Value.of(pair, reply.connection()))
        .filter(value -> value.nanos() > keeper.highestToken(0));
  }
}
