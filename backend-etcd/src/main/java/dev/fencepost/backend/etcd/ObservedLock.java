package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.LockValue.Closed;
import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.backend.etcd.rpc.LeaseClient;
import dev.fencepost.backend.etcd.rpc.TxnOps;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.ResponseOp;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The state of a lock, as read or as guessed. A transaction that acts on it compares it first.
 *
 * @param lock the name of the lock
 * @param entry its record; empty if there is none
 * @param queue the replicas that have waiters
 * @param basis how this state is known
 */
record ObservedLock(LockName lock, Optional<Entry> entry, ReplicaQueue queue, Basis basis) {

  /** How a state is known. */
  enum Basis {
    /** Read within this call. */
    READ,
    /** From the local cache, or assumed to be free. */
    GUESSED,
    /** Read. The reserved turn has expired, but the etcd lease that backs it has not. */
    TURN_EXPIRED
  }

  /**
   * The record of a lock.
   *
   * @param value its content
   * @param revision the revision that wrote it
   * @param lease the id of the lease that it is bound to
   * @param secondsLeft whole seconds that the lease has left, rounded down; empty if not queried
   */
  record Entry(LockValue value, long revision, long lease, Optional<Long> secondsLeft) {

    static Entry of(LockName lock, KeyValue pair) {
      return new Entry(
          EtcdRecordCodec.decode(lock, pair.getValue()),
          pair.getModRevision(),
          pair.getLease(),
          Optional.empty());
    }

    long token() {
      return value.tokenAt(revision);
    }

    boolean isFree() {
      return value instanceof LockValue.Free;
    }

    /** True if nobody holds the lock and this replica may take it. */
    boolean isTurnOf(ReplicaId replica) {
      return value instanceof Closed closed && closed.turn().filter(replica::equals).isPresent();
    }

    /**
     * True if the lease has ended, as far as its time was queried. The key may exist for a while
     * longer. Until it is gone nobody may take the lock, because a new leader may extend the lease.
     */
    boolean hasEnded() {
      return secondsLeft.filter(left -> left < delaySeconds()).isPresent();
    }

    private long delaySeconds() {
      return value instanceof Granted granted ? granted.lease().lockDelay().toSeconds() : 0;
    }
  }

  /**
   * The replica queue of a lock.
   *
   * @param replicas in order of arrival
   * @param revision the revision that wrote it; 0 if there is no queue
   */
  record ReplicaQueue(List<ReplicaId> replicas, long revision) {
    static final ReplicaQueue NONE = new ReplicaQueue(List.of(), 0);

    static ReplicaQueue of(Optional<KeyValue> pair) {
      return pair.map(
              kv ->
                  new ReplicaQueue(EtcdRecordCodec.decodeQueue(kv.getValue()), kv.getModRevision()))
          .orElse(NONE);
    }
  }

  /** Returns the usual state of a lock: free, and nobody waits. */
  static ObservedLock free(LockName lock) {
    return new ObservedLock(lock, Optional.empty(), ReplicaQueue.NONE, Basis.GUESSED);
  }

  /**
   * Returns the state that was read.
   *
   * @throws StoreException if the record or the queue cannot be decoded
   */
  static ObservedLock read(LockName lock, Optional<KeyValue> record, Optional<KeyValue> queue) {
    Optional<Entry> entry = record.map(pair -> Entry.of(lock, pair));
    try {
      return new ObservedLock(lock, entry, ReplicaQueue.of(queue), Basis.READ);
    } catch (IllegalArgumentException e) {
      throw StoreException.unreadable(lock, "its replica queue is damaged");
    }
  }

  /** The same for the answers to the reads of both keys. */
  static ObservedLock read(LockName lock, ResponseOp record, ResponseOp queue) {
    return read(
        lock, TxnOps.first(record.getResponseRange()), TxnOps.first(queue.getResponseRange()));
  }

  ObservedLock withSecondsLeft(long seconds) {
    Optional<Entry> timed =
        entry.map(e -> new Entry(e.value(), e.revision(), e.lease(), Optional.of(seconds)));
    return new ObservedLock(lock, timed, queue, basis);
  }

  /** True if both have the record of the same revision. */
  boolean hasSameRecordAs(ObservedLock other) {
    return entry.map(Entry::revision).equals(other.entry.map(Entry::revision));
  }

  boolean isGuessed() {
    return basis == Basis.GUESSED;
  }

  /** True if the record keeps the lock from being free. Then its lease tells for how long. */
  boolean isBound() {
    return entry.filter(e -> !e.isFree()).isPresent();
  }

  /** True if the rest of the lease decides the status of the lock, not only what is shown of it. */
  boolean dependsOnTime() {
    return entry
        .filter(e -> e.value() instanceof Granted granted && !granted.lease().lockDelay().isZero())
        .isPresent();
  }

  /** Returns the highest token on record; 0 if there is none. */
  long token() {
    return entry.map(Entry::token).orElse(0L);
  }

  /** Returns the same state without a turn. A transaction compares the record nevertheless. */
  ObservedLock withTurnExpired() {
    return new ObservedLock(lock, entry, queue, Basis.TURN_EXPIRED);
  }

  /** Returns the replica that has the turn, if one has. */
  Optional<ReplicaId> turn() {
    return entry.flatMap(
        known -> known.value() instanceof Closed closed ? closed.turn() : Optional.empty());
  }

  /** Compares the record with this one. For a free lock it is enough that it is still free. */
  Compare recordUnchanged(EtcdSchema schema) {
    ByteString key = schema.lock(lock);
    return isBound()
        ? TxnOps.writtenAt(key, entry.orElseThrow().revision())
        : TxnOps.leaseBelow(key, LeaseClient.LEAST_BINDING);
  }

  Compare queueUnchanged(EtcdSchema schema) {
    return TxnOps.writtenAt(schema.queue(lock), queue.revision());
  }

  /**
   * Returns the state as a record for the rules.
   *
   * @param nowMicros of any clock; only differences count
   */
  LockRecord recordAt(long nowMicros) {
    if (!isBound() || basis == Basis.TURN_EXPIRED) {
      String revoked = entry.map(known -> reason(known.value())).orElse("");
      return record(Optional.empty(), nowMicros, Optional.empty(), revoked);
    }
    Entry known = entry.orElseThrow();
    // Rounded up again, so that the time shown is never too short. An ended key exists for a while.
    Optional<Duration> left = known.secondsLeft().map(s -> Duration.ofSeconds(Math.max(1, s + 1)));
    if (known.value() instanceof Closed closed) {
      Duration most = closed.time();
      Duration time = left.filter(l -> l.compareTo(most) < 0).orElse(most);
      return record(
          Optional.empty(), nowMicros + MicrosecondTime.of(time), closed.turn(), closed.revoked());
    }
    return granted(known, left, nowMicros);
  }

  private static String reason(LockValue value) {
    if (value instanceof LockValue.Free free) {
      return free.revoked();
    }
    return value instanceof Closed closed ? closed.revoked() : "";
  }

  private LockRecord granted(Entry known, Optional<Duration> left, long nowMicros) {
    Granted granted = (Granted) known.value();
    Duration delay = granted.lease().lockDelay();
    Duration ttl = granted.lease().ttl();
    Duration whole = left.orElse(granted.lease().whole());
    Duration rest = whole.minus(delay).compareTo(ttl) < 0 ? whole.minus(delay) : ttl;
    boolean expired = known.hasEnded();
    long expiresAt = expired ? nowMicros - 1 : nowMicros + MicrosecondTime.of(rest);
    long freeAt =
        expired ? nowMicros + MicrosecondTime.of(whole) : expiresAt + MicrosecondTime.of(delay);
    Ownership ownership =
        new Ownership(
            granted.claim(),
            granted.claimant(),
            granted.lease(),
            granted.acquiredAtMicros(),
            expiresAt);
    return record(Optional.of(ownership), freeAt, Optional.empty(), "");
  }

  private LockRecord record(
      Optional<Ownership> ownership, long freeAt, Optional<ReplicaId> turn, String revoked) {
    return new LockRecord(lock, ownership, token(), freeAt, turn, queue.replicas(), revoked);
  }
}
