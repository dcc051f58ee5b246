package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.rpc.EtcdConnections;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.support.CallDeadline;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;

/**
 * Lists locks in pages, in the order of their names. One transaction reads a range of records, the
 * same range of queues, and the token base. Safe for use by many threads.
 */
final class LockLister {
  private static final String CURSOR_PREFIX = "after:";

  /** Prefix of a cursor in Base64, for an entry whose name is no UTF-8. */
  private static final String BYTES_CURSOR_PREFIX = "bytes:";

  private static final int TOKEN_BASE_INDEX = 2;
  private static final Comparator<ByteString> BY_BYTES =
      ByteString.unsignedLexicographicalComparator();

  private final EtcdConnections connections;
  private final EtcdSchema schema;
  private final LockReader reader;

  LockLister(EtcdConnections connections, EtcdSchema schema, LockReader reader) {
    this.connections = connections;
    this.schema = schema;
    this.reader = reader;
  }

  CompletionStage<LockPage> list(ListQuery query, CallDeadline deadline) {
    Optional<ByteString> after = query.after().map(LockLister::nameOf);
    TxnRequest request =
        TxnRequest.newBuilder()
            .addSuccess(
                range(
                    schema.locksFrom(query.prefix()),
                    after.map(name -> EtcdSchema.after(schema.lock(name))),
                    query.limit()))
            .addSuccess(
                range(
                    schema.queuesFrom(query.prefix()),
                    after.map(name -> EtcdSchema.after(schema.queue(name))),
                    query.limit()))
            .addSuccess(TxnOps.get(schema.tokenBase()))
            .build();
    return connections
        .call(KVGrpc.getTxnMethod(), request, deadline)
        .thenCompose(reply -> page(reply.message(), query.limit(), deadline));
  }

  private CompletionStage<LockPage> page(TxnResponse response, int limit, CallDeadline deadline) {
    RangeResponse recordRange = response.getResponses(0).getResponseRange();
    RangeResponse queueRange = response.getResponses(1).getResponseRange();
    TreeMap<ByteString, KeyValue> records = new TreeMap<>(BY_BYTES);
    recordRange.getKvsList().forEach(kv -> records.put(schema.nameOfLock(kv.getKey()), kv));
    TreeMap<ByteString, KeyValue> queues = new TreeMap<>(BY_BYTES);
    queueRange.getKvsList().forEach(kv -> queues.put(schema.nameOfQueue(kv.getKey()), kv));
    TreeMap<ByteString, ObservedLock> locks = new TreeMap<>(BY_BYTES);
    Stream.of(records, queues)
        .flatMap(part -> part.keySet().stream())
        .forEach(
            name ->
                reader
                    .named(name)
                    .flatMap(
                        lock ->
                            reader.readable(
                                lock,
                                Optional.ofNullable(records.get(name)),
                                Optional.ofNullable(queues.get(name))))
                    .ifPresent(lock -> locks.put(name, lock)));
    // Behind the end of one range the other range is not known to be complete.
    Optional<ByteString> end = Optional.empty();
    if (recordRange.getMore()) {
      end = Optional.of(records.lastKey());
    }
    if (queueRange.getMore()
        && end.filter(e -> BY_BYTES.compare(e, queues.lastKey()) < 0).isEmpty()) {
      end = Optional.of(queues.lastKey());
    }
    Map<ByteString, ObservedLock> complete =
        end.<Map<ByteString, ObservedLock>>map(e -> locks.headMap(e, true)).orElse(locks);
    List<ObservedLock> listed = new ArrayList<>();
    Optional<ByteString> last = end;
    for (ObservedLock each : complete.values()) {
      if (!each.isBound() && each.queue().replicas().isEmpty()) {
        continue;
      }
      if (listed.size() == limit) {
        last = Optional.of(ByteString.copyFrom(listed.get(limit - 1).lock().utf8()));
        break;
      }
      listed.add(each);
    }
    Optional<Cursor> next = last.map(LockLister::cursor);
    long highestToken = reader.highestToken(response, TOKEN_BASE_INDEX);
    return reader
        .states(listed, highestToken, deadline)
        .thenApply(states -> new LockPage(states, next));
  }

  private static RequestOp range(ByteString prefix, Optional<ByteString> from, int limit) {
    return RequestOp.newBuilder()
        .setRequestRange(
            RangeRequest.newBuilder()
                .setKey(from.orElse(prefix))
                .setRangeEnd(EtcdSchema.endOf(prefix))
                .setLimit(limit)
                .build())
        .build();
  }

  private static Cursor cursor(ByteString name) {
    return new Cursor(
        name.isValidUtf8()
            ? CURSOR_PREFIX + name.toStringUtf8()
            : BYTES_CURSOR_PREFIX + Base64.getEncoder().encodeToString(name.toByteArray()));
  }

  private static ByteString nameOf(Cursor cursor) {
    String text = cursor.opaque();
    try {
      if (text.startsWith(CURSOR_PREFIX)) {
        return ByteString.copyFromUtf8(text.substring(CURSOR_PREFIX.length()));
      }
      if (text.startsWith(BYTES_CURSOR_PREFIX)) {
        String bytes = text.substring(BYTES_CURSOR_PREFIX.length());
        return ByteString.copyFrom(Base64.getDecoder().decode(bytes));
      }
    } catch (IllegalArgumentException e) {
      throw foreign(text);
    }
    throw foreign(text);
  }

  private static InvalidValueException foreign(String cursor) {
    return InvalidValueException.of("page_token", cursor, "one that a page ended with");
  }
}
