package dev.fencepost.backend.etcd;

import com.google.protobuf.ByteString;
import dev.fencepost.backend.etcd.LockValue.Closed;
import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.KeyValue;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a lock stands, as read or as guessed; a transaction that acts on it compares it.
 *
 * @param lock its name
 * @param entry its record; empty if there is none
 * @param line the replicas that wait
 * @param basis whether it was read
 */
record ObservedLock(LockName lock, Optional<Entry> entry, Queue line, Basis basis) {

  /** How we know. */
  enum Basis {
    /** Read within this call. */
    READ,
    /** Remembered, or the usual. */
    GUESSED,
    /** Read, and somebody's turn has been over for long enough, although his lease is not. */
    TURN_OVER
  }

  /**
   * A lock's record.
   *
   * @param value what it says
   * @param revision that wrote it
   * @param lease the lease it is bound to
   * @param secondsLeft whole seconds that the lease has left, rounded down; empty if not asked for
   */
  record Entry(LockValue value, long revision, long lease, Optional<Long> secondsLeft) {

    static Entry of(LockName lock, KeyValue pair) {
      return new Entry(
          LockValue.decode(lock, pair.getValue()),
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

    /** Whether nobody has it and this replica may take it. */
    boolean isTurnOf(ReplicaId replica) {
      return value instanceof Closed closed && closed.turn().filter(replica::equals).isPresent();
    }

    /**
     * Whether its lease has ended, as far as its time was asked for. The key stands for a while
     * then, and while it stands nobody may take the lock: a new leader may prolong its lease.
     */
    boolean hasEnded() {
      return secondsLeft.filter(left -> left < delaySeconds()).isPresent();
    }

    private long delaySeconds() {
      return value instanceof Granted granted ? granted.lease().lockDelay().toSeconds() : 0;
    }
  }

  /**
   * A lock's line.
   *
   * @param replicas first come first
   * @param revision that wrote it; 0 if there is none
   */
  record Queue(List<ReplicaId> replicas, long revision) {
    static final Queue NONE = new Queue(List.of(), 0);

    static Queue of(Optional<KeyValue> pair) {
      return pair.map(kv -> new Queue(decode(kv.getValue()), kv.getModRevision())).orElse(NONE);
    }

    private static List<ReplicaId> decode(ByteString value) {
      String text = value.toString(StandardCharsets.US_ASCII);
      List<ReplicaId> replicas = new ArrayList<>();
      for (int i = 0; i + ReplicaId.LENGTH <= text.length(); i += ReplicaId.LENGTH) {
        replicas.add(new ReplicaId(text.substring(i, i + ReplicaId.LENGTH)));
      }
      return replicas;
    }

    static ByteString encode(List<ReplicaId> replicas) {
      StringBuilder text = new StringBuilder();
      replicas.forEach(replica -> text.append(replica.value()));
      return ByteString.copyFromUtf8(text.toString());
    }
  }

  /** What is usual: free, and nobody waits. */
  static ObservedLock free(LockName lock) {
    return new ObservedLock(lock, Optional.empty(), Queue.NONE, Basis.GUESSED);
  }

  /**
   * The lock as it was read.
   *
   * @throws StoreException if its record or its line cannot be read
   */
  static ObservedLock read(LockName lock, Optional<KeyValue> record, Optional<KeyValue> line) {
    Optional<Entry> entry = record.map(pair -> Entry.of(lock, pair));
    try {
      return new ObservedLock(lock, entry, Queue.of(line), Basis.READ);
    } catch (IllegalArgumentException e) {
      throw StoreException.unreadable(lock, "its line is damaged");
    }
  }

  ObservedLock withSecondsLeft(long seconds) {
    Optional<Entry> known =
        entry.map(e -> new Entry(e.value(), e.revision(), e.lease(), Optional.of(seconds)));
    return new ObservedLock(lock, known, line, basis);
  }

  /** Whether the record is the same one. */
  boolean hasRecordOf(ObservedLock other) {
    return entry.map(Entry::revision).equals(other.entry.map(Entry::revision));
  }

  boolean isGuessed() {
    return basis == Basis.GUESSED;
  }

  /** Whether the lock's record binds it, so that its lease tells for how long. */
  boolean isBound() {
    return entry.filter(e -> !e.isFree()).isPresent();
  }

  /** Whether the lease's time decides, not only tells, how the lock stands. */
  boolean dependsOnTime() {
    return entry
        .filter(e -> e.value() instanceof Granted granted && !granted.lease().lockDelay().isZero())
        .isPresent();
  }

  /** The highest token on record; 0 if none is. */
  long token() {
    return entry.map(Entry::token).orElse(0L);
  }

  /** The same with nobody's turn; the record is compared all the same. */
  ObservedLock withTurnOver() {
    return new ObservedLock(lock, entry, line, Basis.TURN_OVER);
  }

  /** The one replica whose turn it is, if it is somebody's. */
  Optional<ReplicaId> turn() {
    return entry.flatMap(
        known -> known.value() instanceof Closed closed ? closed.turn() : Optional.empty());
  }

  /** That the lock's record is still this one. Of a free one it is enough that it is free. */
  Compare recordUnchanged(EtcdSchema keys) {
    return isBound()
        ? TxnOps.writtenAt(keys.lock(lock), entry.orElseThrow().revision())
        : TxnOps.leaseBelow(keys.lock(lock), LeaseClient.LEAST_BINDING);
  }

  Compare lineUnchanged(EtcdSchema keys) {
    return TxnOps.writtenAt(keys.line(lock), line.revision());
  }

  /** In the words of the rules, at that moment of a clock of which only differences count. */
  LockRecord at(long nowMicros) {
    if (!isBound() || basis == Basis.TURN_OVER) {
      String revoked = entry.map(known -> reason(known.value())).orElse("");
      return record(Optional.empty(), nowMicros, Optional.empty(), revoked);
    }
    Entry known = entry.orElseThrow();
    // Rounded up again: what is shown is at most too much. What has ended stands for a while.
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
    Ownership tenure =
        new Ownership(
            granted.claim(),
            granted.claimant(),
            granted.lease(),
            granted.acquiredAtMicros(),
            expiresAt);
    return record(Optional.of(tenure), freeAt, Optional.empty(), "");
  }

  private LockRecord record(
      Optional<Ownership> tenure, long freeAt, Optional<ReplicaId> turn, String revoked) {
    return new LockRecord(lock, tenure, token(), freeAt, turn, line.replicas(), revoked);
  }
}
