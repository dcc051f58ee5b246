package dev.fencepost.backend.etcd.lock;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.EtcdErrors;
import dev.fencepost.backend.etcd.rpc.EtcdReply;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

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
public final class TokenBase {
  static final long SLACK = 100_000_000;

  private static final int MAX_TRIES = 20;

  private final EtcdConnections connections;
  private final ByteString key;
  private final LongSupplier clockNanos;
  private final LongSupplier random;
  private final AtomicLong highest = new AtomicLong();
  private final AtomicLong doubts = new AtomicLong();
  private volatile @Nullable Value current;
  private @Nullable CompletableFuture<Value> replacement;

  /**
   * A base as it was written.
   *
   * @param bytes its value; no other base has the same
   * @param nanos the token at the base's own revision
   * @param revision the revision that wrote it
   * @param connection on which it is known
   */
  public record Value(ByteString bytes, long nanos, long revision, long connection) {

    /** Returns the number to add to a revision to get its token. */
    public long offset() {
      return nanos - revision;
    }

    public static Value of(KeyValue pair, long connection) {
      long nanos = ByteBuffer.wrap(pair.getValue().toByteArray()).getLong();
      return new Value(pair.getValue(), nanos, pair.getModRevision(), connection);
    }
  }

  public TokenBase(
      EtcdConnections connections, ByteString key, LongSupplier clockNanos, LongSupplier random) {
    this.connections = connections;
    this.key = key;
    this.clockNanos = clockNanos;
    this.random = random;
    connections.onDoubt(this::invalidate);
  }

  ByteString key() {
    return key;
  }

  /** Returns the base for grants that are sent now, and replaces it first if necessary. */
  public CompletionStage<Value> current(CallDeadline deadline) {
    Value known = current;
    if (known != null) {
      return CompletableFuture.completedStage(known);
    }
    CompletableFuture<Value> result;
    synchronized (this) {
      if (replacement != null) {
        return replacement;
      }
      result = new CompletableFuture<>();
      replacement = result;
    }
    replace(deadline, 0)
        .whenComplete(
            (value, error) -> {
              synchronized (this) {
                replacement = null;
              }
              if (error == null) {
                result.complete(value);
              } else {
                result.completeExceptionally(error);
              }
            });
    return result;
  }

  /** Forces a replacement of the base before the next grant. */
  void invalidate() {
    doubts.incrementAndGet();
    current = null;
  }

  /** Handles a transaction that was not sent, because the connection of its base is gone. */
  void onNotSent(Value used) {
    if (used.equals(current)) {
      invalidate();
    }
  }

  /** Handles a transaction that compared {@code used} and read this base instead. */
  void onOtherBaseRead(Value used, Optional<KeyValue> read, long connection) {
    if (!used.equals(current)) {
      return;
    }
    Optional<Value> other = read.map(pair -> Value.of(pair, connection));
    if (other.filter(value -> value.connection() == used.connection()).isPresent()
        && isHighEnough(other.orElseThrow())) {
      current = other.orElseThrow();
    } else {
      invalidate();
    }
  }

  /** Records a token that was seen. */
  void recordToken(long token) {
    highest.accumulateAndGet(token, Math::max);
  }

  /** Returns the highest token that can have been granted by then, as far as known here. */
  long highestToken(long revision) {
    Value known = current;
    long counted = known == null ? 0 : known.offset() + revision;
    return Math.max(counted, highest.get());
  }

  /** Returns the wall clock of this replica, in ns since 1970. */
  long clockNanos() {
    return clockNanos.getAsLong();
  }

  private CompletionStage<Value> replace(CallDeadline deadline, int tries) {
    if (tries == MAX_TRIES || deadline.isOver()) {
      return CompletableFuture.failedFuture(EtcdErrors.timeout());
    }
    long doubtsBefore = doubts.get();
    return connections
        .call(KVGrpc.getRangeMethod(), TxnOps.range(key), deadline)
        .thenCompose(read -> write(read, deadline))
        .thenCompose(
            value -> {
              if (value.isEmpty() || doubts.get() != doubtsBefore) {
                return replace(deadline, tries + 1);
              }
              current = value.orElseThrow();
              return CompletableFuture.completedStage(value.orElseThrow());
            });
  }

  private CompletionStage<Optional<Value>> write(
      EtcdReply<RangeResponse> read, CallDeadline deadline) {
    Optional<KeyValue> before = LockReadRequest.first(read.message());
    long revision = read.message().getHeader().getRevision();
    long counted =
        before
            .map(pair -> Value.of(pair, read.connection()).offset() + revision + SLACK)
            .orElse(0L);
    long nanos = Math.max(Math.max(clockNanos.getAsLong(), counted), highest.get() + SLACK);
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
    return LockReadRequest.first(response.getResponses(0).getResponseRange())
        .map(pair -> Value.of(pair, reply.connection()))
        .filter(this::isHighEnough);
  }

  private boolean isHighEnough(Value value) {
    return value.nanos() > highest.get();
  }
}
