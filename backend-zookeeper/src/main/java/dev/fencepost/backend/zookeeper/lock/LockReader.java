package dev.fencepost.backend.zookeeper.lock;

import dev.fencepost.backend.zookeeper.client.EnsembleClock;
import dev.fencepost.backend.zookeeper.client.RequestGate;
import dev.fencepost.backend.zookeeper.client.ZookeeperErrors;
import dev.fencepost.backend.zookeeper.client.ZookeeperSchema;
import dev.fencepost.backend.zookeeper.lock.LockSnapshot.RemainingLease;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.UnreadableRecords;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallDeadline;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads locks linearizably, many at one moment. Safe for use by many threads. */
public final class LockReader {
  /** Most locks in one read: 600 KB with the largest records, below any jute.maxbuffer. */
  static final int MAX_LOCKS_PER_READ = 100;

  private static final int MAX_TRIES = 5;

  private static final Logger LOG = LoggerFactory.getLogger(LockReader.class);

  private final UnreadableRecords unreadable =
      new UnreadableRecords((count, what) -> LOG.warn("Left out ({} until now): {}", count, what));
  private final ZookeeperSchema schema;
  private final RequestGate gate;
  private final OwnQueueNodes queueNodes;
  private final TokenBaseManager tokenBases;
  private final EnsembleClock clock;

  public LockReader(
      ZookeeperSchema schema,
      RequestGate gate,
      OwnQueueNodes queueNodes,
      TokenBaseManager tokenBases,
      EnsembleClock clock) {
    this.schema = schema;
    this.gate = gate;
    this.queueNodes = queueNodes;
    this.tokenBases = tokenBases;
    this.clock = clock;
  }

  /**
   * Returns the lock that this node of a bucket belongs to. Empty if it is no lock's node, which is
   * reported once.
   */
  Optional<LockName> lockAt(int bucket, String node) {
    Optional<LockName> lock = schema.lockAt(bucket, node);
    if (lock.isEmpty()) {
      unreadable.skippedForeign(schema.lockBucket(bucket) + "/" + node);
    }
    return lock;
  }

  /** Reads one lock within a call timeout. */
  public CompletableFuture<LockSnapshot> snapshot(LockName lock) {
    return snapshot(lock, gate.newDeadline());
  }

  /** Reads one lock. */
  CompletableFuture<LockSnapshot> snapshot(LockName lock, CallDeadline deadline) {
    return snapshot(lock, deadline, MAX_TRIES);
  }

  /** Reads many locks, in the given order. Locks with unreadable records are left out. */
  CompletableFuture<List<LockSnapshot>> snapshots(List<LockName> locks) {
    List<CompletableFuture<List<LockSnapshot>>> chunks = new ArrayList<>();
    for (int from = 0; from < locks.size(); from += MAX_LOCKS_PER_READ) {
      chunks.add(chunk(locks.subList(from, Math.min(locks.size(), from + MAX_LOCKS_PER_READ))));
    }
    return AsyncCalls.all(chunks).thenApply(parts -> parts.stream().flatMap(List::stream).toList());
  }

  /** Describes locks, in the given order. Locks with unreadable records are left out. */
  public CompletableFuture<List<LockState>> describe(List<LockName> locks) {
    return snapshots(locks).thenApply(snapshots -> snapshots.stream().map(this::state).toList());
  }

  /** Describes a lock from its snapshot. */
  LockState state(LockSnapshot snapshot) {
    long now = clock.nowMicros();
    LockState state = snapshot.record(now, RemainingLease.ESTIMATED).stateAt(now);
    return new LockState(
        state.lock(),
        state.status(),
        state.lastToken(),
        state.replicaQueue(),
        Math.max(state.presentToken(), presentToken()));
  }

  /** Returns an upper bound of all tokens made before the latest answer. */
  long presentToken() {
    return tokenBases.presentToken(gate.client());
  }

  private CompletableFuture<List<LockSnapshot>> chunk(List<LockName> locks) {
    List<Op> reads = new ArrayList<>(locks.size() * 2);
    locks.forEach(lock -> reads.addAll(LockSnapshot.reads(schema, lock)));
    return gate.read(reads)
        .thenCompose(
            results -> {
              List<CompletionStage<Optional<LockSnapshot>>> each = new ArrayList<>();
              for (int i = 0; i < locks.size(); i++) {
                each.add(readable(locks.get(i), results.subList(2 * i, 2 * i + 2)));
              }
              return AsyncCalls.all(each)
                  .thenApply(found -> found.stream().flatMap(Optional::stream).toList());
            });
  }

  /** Returns the lock from these results; empty if its record is unreadable. */
  private CompletionStage<Optional<LockSnapshot>> readable(LockName lock, List<OpResult> results) {
    return AsyncCalls.start(() -> consistent(lock, results, gate.newDeadline(), MAX_TRIES))
        .handle(
            (snapshot, error) ->
                unreadable.skipping(
                    lock,
                    () -> {
                      if (error != null) {
                        throw ZookeeperErrors.toException(error);
                      }
                      return snapshot;
                    }));
  }

  private CompletableFuture<LockSnapshot> snapshot(
      LockName lock, CallDeadline deadline, int triesLeft) {
    return gate.read(LockSnapshot.reads(schema, lock), deadline)
        .thenCompose(results -> consistent(lock, results, deadline, triesLeft));
  }

  /** Returns the lock from these results, or reads it again if they contradict each other. */
  private CompletableFuture<LockSnapshot> consistent(
      LockName lock, List<OpResult> results, CallDeadline deadline, int triesLeft) {
    if (triesLeft == 0) {
      throw StoreException.unreadable(lock, "its nodes contradict each other");
    }
    return LockSnapshot.of(lock, results, queueNodes)
        .map(CompletableFuture::completedFuture)
        .orElseGet(() -> snapshot(lock, deadline, triesLeft - 1));
  }
}
