package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
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
 * From what all tokens count. A token is the base plus the number of revisions since it was
 * written; each granting transaction compares the base's value, so that two bases never mix.
 *
 * <p>It is replaced by a higher one when a replica starts, and after every new connection and
 * unanswered call, before the next grant: etcd may have been restored from a backup meanwhile, with
 * revisions that are used again. (Replacing it also makes sure that nothing is granted any more by
 * a transaction that was sent before and got no answer.)
 *
 * <p>So a grant goes only over the connection over which its base was made sure of: nothing else
 * has a token that is not certain, and no claim can find such a grant later.
 *
 * <p>The new base is the clock, or what a token would be now if that is more, or the highest token
 * seen here. To the latter two are added {@value #SLACK}: more revisions than there can be between
 * the reading and the writing. Tokens stay near the clock: every revision costs more than a
 * nanosecond.
 */
final class TokenBase {
  static final long SLACK = 100_000_000;

  private static final int MOST_TRIES = 20;

  private final EtcdConnections wire;
  private final ByteString key;
  private final LongSupplier clockNanos;
  private final LongSupplier random;
  private final AtomicLong highest = new AtomicLong();
  private final AtomicLong doubts = new AtomicLong();
  private volatile @Nullable Value present;
  private @Nullable CompletableFuture<Value> replacing;

  /**
   * A base as it was written.
   *
   * @param bytes its value, which no other base has
   * @param nanos what a token would be at its own revision
   * @param revision that wrote it
   * @param connection over which we know it
   */
  record Value(ByteString bytes, long nanos, long revision, long connection) {

    /** What is added to a revision to make it a token. */
    long offset() {
      return nanos - revision;
    }

    static Value of(KeyValue pair, long connection) {
      long nanos = ByteBuffer.wrap(pair.getValue().toByteArray()).getLong();
      return new Value(pair.getValue(), nanos, pair.getModRevision(), connection);
    }
  }

  TokenBase(EtcdConnections wire, ByteString key, LongSupplier clockNanos, LongSupplier random) {
    this.wire = wire;
    this.key = key;
    this.clockNanos = clockNanos;
    this.random = random;
    wire.whenDoubtful(this::doubt);
  }

  ByteString key() {
    return key;
  }

  /** The base of grants that are sent now. */
  CompletionStage<Value> current(CallDeadline deadline) {
    Value known = present;
    if (known != null) {
      return CompletableFuture.completedStage(known);
    }
    CompletableFuture<Value> mine;
    synchronized (this) {
      if (replacing != null) {
        return replacing;
      }
      mine = new CompletableFuture<>();
      replacing = mine;
    }
    replace(deadline, 0)
        .whenComplete(
            (value, error) -> {
              synchronized (this) {
                replacing = null;
              }
              if (error == null) {
                mine.complete(value);
              } else {
                mine.completeExceptionally(error);
              }
            });
    return mine;
  }

  /** The base must be replaced before the next grant. */
  void doubt() {
    doubts.incrementAndGet();
    present = null;
  }

  /** A transaction that compares {@code used} would have gone over another connection. */
  void mistrust(Value used) {
    if (used.equals(present)) {
      doubt();
    }
  }

  /** A transaction that compared {@code used} found this base instead. */
  void found(Value used, Optional<KeyValue> instead, long connection) {
    if (!used.equals(present)) {
      return;
    }
    Optional<Value> other = instead.map(pair -> Value.of(pair, connection));
    if (other.filter(value -> value.connection() == used.connection()).isPresent()
        && isHighEnough(other.orElseThrow())) {
      present = other.orElseThrow();
    } else {
      doubt();
    }
  }

  /** A token was seen. */
  void saw(long token) {
    highest.accumulateAndGet(token, Math::max);
  }

  /** The highest token that can have been granted by then, as far as this replica knows. */
  long presentToken(long revision) {
    Value known = present;
    long counted = known == null ? 0 : known.offset() + revision;
    return Math.max(counted, highest.get());
  }

  /** The wall clock of this replica, in ns since 1970. */
  long clockNanos() {
    return clockNanos.getAsLong();
  }

  private CompletionStage<Value> replace(CallDeadline deadline, int tries) {
    if (tries == MOST_TRIES || deadline.isOver()) {
      return CompletableFuture.failedFuture(EtcdException.timeout());
    }
    long doubtsBefore = doubts.get();
    return wire.call(KVGrpc.getRangeMethod(), TxnOps.range(key), deadline)
        .thenCompose(read -> write(read, deadline))
        .thenCompose(
            value -> {
              if (value.isEmpty() || doubts.get() != doubtsBefore) {
                return replace(deadline, tries + 1);
              }
              present = value.orElseThrow();
              return CompletableFuture.completedStage(value.orElseThrow());
            });
  }

  private CompletionStage<Optional<Value>> write(
      EtcdReply<RangeResponse> read, CallDeadline deadline) {
    Optional<KeyValue> before = LockRead.first(read.message());
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
    return wire.call(KVGrpc.getTxnMethod(), request, deadline)
        .thenApply(reply -> written(reply, bytes, nanos))
        .thenApply(value -> value.filter(v -> v.connection() == read.connection()));
  }

  /** The base that stands now: ours, or one that another replica wrote in between. */
  private Optional<Value> written(EtcdReply<TxnResponse> reply, ByteString bytes, long nanos) {
    TxnResponse response = reply.message();
    if (response.getSucceeded()) {
      long revision = response.getHeader().getRevision();
      return Optional.of(new Value(bytes, nanos, revision, reply.connection()));
    }
    return LockRead.first(response.getResponses(0).getResponseRange())
        .map(pair -> Value.of(pair, reply.connection()))
        .filter(this::isHighEnough);
  }

  private boolean isHighEnough(Value value) {
    return value.nanos() > highest.get();
  }
}
