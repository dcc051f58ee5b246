package dev.fencepost.testkit.memory;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A store: a map whose entries have versions. It knows nothing of locks, writes one entry if it is
 * still at the version that was read, and sends a message to one replica. Calls are executed one
 * after another on a thread of its own, which is the wire, too: answers come on it.
 */
final class MapServer implements AutoCloseable {
  private static final long MAX_DECISION_MICROS = TimeUnit.MILLISECONDS.toMicros(100);

  private final NavigableMap<String, MapEntry> entries = new TreeMap<>();
  private final Map<ReplicaId, Consumer<LockName>> listeners = new ConcurrentHashMap<>();
  private final ExecutorService wire = Executors.newSingleThreadExecutor();
  private final AtomicLong aheadMicros = new AtomicLong();
  private long lastVersion;

  /** A value and its version, which no other write has; no value and version 0 are no entry. */
  record MapEntry(Optional<Object> value, long version) {
    static final MapEntry NONE = new MapEntry(Optional.empty(), 0);
  }

  /**
   * A conditional write.
   *
   * @param version the version that the entry must have
   * @param value the new value; empty deletes the entry
   * @param decidedMicros when this was decided: a write that waited long is refused, because its
   *     lease would be counted from too early
   * @param wake gets a message if the write is done
   */
  record MapWrite(
      String key,
      long version,
      Optional<Object> value,
      long decidedMicros,
      Optional<MapWake> wake) {}

  /** A message to a replica: its turn has come at this lock. */
  record MapWake(ReplicaId replica, LockName lock) {}

  /** What became of a write. The entry is the new one, or the one that prevented it. */
  record MapResult(boolean isDone, MapEntry present) {}

  /** Sends a call over the wire. */
  <T> CompletableFuture<T> call(Supplier<T> step) {
    return CompletableFuture.supplyAsync(step, wire);
  }

  /** Returns the clock, in µs since 1970; both sides of the wire see the same. */
  long nowMicros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()) + aheadMicros.get();
  }

  void elapse(Duration time) {
    aheadMicros.addAndGet(time.toNanos() / 1_000);
  }

  void listen(ReplicaId replica, Consumer<LockName> wake) {
    listeners.put(replica, wake);
  }

  void silence(ReplicaId replica) {
    listeners.remove(replica);
  }

  // The following are steps of calls.

  MapEntry read(String key) {
    return entries.getOrDefault(key, MapEntry.NONE);
  }

  /** Returns the first entries after a key whose keys have a prefix. */
  List<Map.Entry<String, MapEntry>> list(String prefix, String after, int most) {
    String from = after.compareTo(prefix) < 0 ? prefix : after;
    return entries.tailMap(from, !from.equals(after)).entrySet().stream()
        .takeWhile(each -> each.getKey().startsWith(prefix))
        .limit(most)
        .map(each -> Map.entry(each.getKey(), each.getValue()))
        .toList();
  }

  MapResult write(MapWrite write) {
    MapEntry before = read(write.key());
    if (before.version() != write.version()
        || nowMicros() - write.decidedMicros() > MAX_DECISION_MICROS) {
      return new MapResult(false, before);
    }
    put(write.key(), write.value());
    write
        .wake()
        .ifPresent(wake -> listeners.getOrDefault(wake.replica(), lock -> {}).accept(wake.lock()));
    return new MapResult(true, read(write.key()));
  }

  /** Writes an entry, or deletes it, and returns the former one. */
  MapEntry put(String key, Optional<Object> value) {
    MapEntry former = read(key);
    if (value.isEmpty()) {
      entries.remove(key);
    } else {
      entries.put(key, new MapEntry(value, ++lastVersion));
    }
    return former;
  }

  @Override
  public void close() {
    wire.shutdown();
  }
}
