package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.ListQuery;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import dev.fencepost.lock.spi.LockPage;
import dev.fencepost.lock.spi.record.UnreadableRecords;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at many locks. Reads only, linearizably. Safe for use by many threads. */
final class LockReader {
  /** Two reads each, and the base: below the usual limit of operations in a transaction. */
  private static final int NAMES_AT_ONCE = 60;

  private static final String CURSOR_PREFIX = "after:";

  private static final Logger LOG = LoggerFactory.getLogger(LockReader.class);

  private final UnreadableRecords unreadable =
      new UnreadableRecords((count, what) -> LOG.warn("Left out ({} until now): {}", count, what));
  private final EtcdConnections wire;
  private final EtcdSchema keys;
  private final TokenBase base;
  private final LeaseClient leases;

  LockReader(EtcdConnections wire, EtcdSchema keys, TokenBase base, LeaseClient leases) {
    this.wire = wire;
    this.keys = keys;
    this.base = base;
    this.leases = leases;
  }

  CompletionStage<List<LockState>> describe(List<LockName> names, CallDeadline deadline) {
    List<LockName> distinct = names.stream().distinct().toList();
    List<CompletionStage<List<LockState>>> parts = new ArrayList<>();
    for (int i = 0; i < distinct.size(); i += NAMES_AT_ONCE) {
      int end = Math.min(i + NAMES_AT_ONCE, distinct.size());
      parts.add(describeSome(distinct.subList(i, end), deadline));
    }
    return all(parts)
        .thenApply(
            states -> {
              Map<LockName, LockState> byName = new HashMap<>();
              states.forEach(part -> part.forEach(state -> byName.put(state.lock(), state)));
              return names.stream()
                  .flatMap(name -> Optional.ofNullable(byName.get(name)).stream())
                  .toList();
            });
  }

  CompletionStage<LockPage> list(ListQuery query, CallDeadline deadline) {
    Optional<LockName> after = query.after().map(LockReader::read);
    TxnRequest request =
        TxnRequest.newBuilder()
            .addSuccess(
                page(
                    keys.locksFrom(query.prefix()),
                    after.map(name -> EtcdSchema.after(keys.lock(name))),
                    query.limit()))
            .addSuccess(
                page(
                    keys.linesFrom(query.prefix()),
                    after.map(name -> EtcdSchema.after(keys.line(name))),
                    query.limit()))
            .addSuccess(TxnOps.get(base.key()))
            .build();
    return wire.call(KVGrpc.getTxnMethod(), request, deadline)
        .thenCompose(reply -> page(reply.message(), query.limit(), deadline));
  }

  private CompletionStage<LockPage> page(TxnResponse response, int limit, CallDeadline deadline) {
    RangeResponse locks = response.getResponses(0).getResponseRange();
    RangeResponse lines = response.getResponses(1).getResponseRange();
    TreeMap<LockName, KeyValue> records = new TreeMap<>();
    locks.getKvsList().forEach(pair -> records.put(keys.nameOfLock(pair.getKey()), pair));
    TreeMap<LockName, KeyValue> queues = new TreeMap<>();
    lines.getKvsList().forEach(pair -> queues.put(keys.nameOfLine(pair.getKey()), pair));
    TreeMap<LockName, ObservedLock> seen = new TreeMap<>();
    Stream.of(records, queues)
        .flatMap(part -> part.keySet().stream())
        .forEach(
            name -> seen(name, records, queues).ifPresent(readable -> seen.put(name, readable)));
    // Behind the end of either part the other one is not known to be whole.
    Optional<LockName> end = Optional.empty();
    if (locks.getMore()) {
      end = Optional.of(records.lastKey());
    }
    if (lines.getMore() && end.filter(e -> e.compareTo(queues.lastKey()) < 0).isEmpty()) {
      end = Optional.of(queues.lastKey());
    }
    Map<LockName, ObservedLock> whole =
        end.<Map<LockName, ObservedLock>>map(e -> seen.headMap(e, true)).orElse(seen);
    List<ObservedLock> taken = new ArrayList<>();
    Optional<LockName> last = end;
    for (ObservedLock each : whole.values()) {
      if (!each.isBound() && each.line().replicas().isEmpty()) {
        continue;
      }
      if (taken.size() == limit) {
        last = Optional.of(taken.get(limit - 1).lock());
        break;
      }
      taken.add(each);
    }
    Optional<Cursor> next = last.map(name -> new Cursor(CURSOR_PREFIX + name.value()));
    long present = presentToken(response, 2);
    return states(taken, present, deadline).thenApply(states -> new LockPage(states, next));
  }

  private Optional<ObservedLock> seen(
      LockName name, Map<LockName, KeyValue> records, Map<LockName, KeyValue> queues) {
    return unreadable.skipping(
        name,
        () ->
            ObservedLock.read(
                name,
                Optional.ofNullable(records.get(name)),
                Optional.ofNullable(queues.get(name))));
  }

  private static RequestOp page(ByteString prefix, Optional<ByteString> from, int limit) {
    return RequestOp.newBuilder()
        .setRequestRange(
            RangeRequest.newBuilder()
                .setKey(from.orElse(prefix))
                .setRangeEnd(EtcdSchema.endOf(prefix))
                .setLimit(limit)
                .build())
        .build();
  }

  private CompletionStage<List<LockState>> describeSome(
      List<LockName> names, CallDeadline deadline) {
    TxnRequest.Builder request = TxnRequest.newBuilder();
    for (LockName name : names) {
      request.addSuccess(TxnOps.get(keys.lock(name))).addSuccess(TxnOps.get(keys.line(name)));
    }
    request.addSuccess(TxnOps.get(base.key()));
    return wire.call(KVGrpc.getTxnMethod(), request.build(), deadline)
        .thenCompose(
            reply -> {
              TxnResponse response = reply.message();
              List<ObservedLock> seen = new ArrayList<>();
              for (int i = 0; i < names.size(); i++) {
                LockName name = names.get(i);
                ResponseOp record = response.getResponses(2 * i);
                ResponseOp line = response.getResponses(2 * i + 1);
                unreadable
                    .skipping(
                        name,
                        () ->
                            ObservedLock.read(
                                name,
                                LockRead.first(record.getResponseRange()),
                                LockRead.first(line.getResponseRange())))
                    .ifPresent(seen::add);
              }
              return states(seen, presentToken(response, 2 * names.size()), deadline);
            });
  }

  private CompletionStage<List<LockState>> states(
      List<ObservedLock> seen, long presentToken, CallDeadline deadline) {
    List<CompletionStage<LockState>> states = new ArrayList<>();
    for (ObservedLock each : seen) {
      CompletionStage<ObservedLock> timed =
          each.isBound()
              ? leases
                  .secondsLeft(each.entry().orElseThrow().lease(), deadline)
                  .thenApply(said -> each.withSecondsLeft(said.seconds()))
              : CompletableFuture.completedStage(each);
      states.add(timed.thenApply(known -> state(known, presentToken)));
    }
    return all(states);
  }

  private LockState state(ObservedLock seen, long presentToken) {
    long now = TimeUnit.NANOSECONDS.toMicros(base.clockNanos());
    LockState state = seen.at(now).stateAt(now);
    long present = Math.max(presentToken, seen.token());
    return new LockState(
        state.lock(), state.status(), state.lastToken(), state.replicaQueue(), present);
  }

  /** By the base that was read at the same moment, whoever wrote it. */
  private long presentToken(TxnResponse response, int at) {
    long revision = response.getHeader().getRevision();
    return LockRead.first(response.getResponses(at).getResponseRange())
        .map(pair -> TokenBase.Value.of(pair, 0).offset() + revision)
        .orElseGet(() -> base.presentToken(revision));
  }

  private static LockName read(Cursor cursor) {
    String text = cursor.opaque();
    if (!text.startsWith(CURSOR_PREFIX)) {
      throw InvalidValueException.of("page_token", text, "one that a page ended with");
    }
    return new LockName(text.substring(CURSOR_PREFIX.length()));
  }

  private static <T> CompletionStage<List<T>> all(List<CompletionStage<T>> stages) {
    List<CompletableFuture<T>> futures =
        stages.stream().map(CompletionStage::toCompletableFuture).toList();
    return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new))
        .thenApply(done -> futures.stream().map(CompletableFuture::join).toList());
  }
}
