package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LockValue.Closed;
import dev.fencepost.backend.etcd.LockValue.Free;
import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import java.time.Duration;

/**
 * The change that a transition makes to the keys of a lock.
 *
 * @param kind the change of the record
 * @param after the record after the transition
 * @param queueChanged true if the replica queue is a different one
 * @param nowMicros the moment of the transition
 * @param ownToken true if the record gets a token of its own, so that the token base is compared
 */
record RecordDiff(
    Kind kind, LockRecord after, boolean queueChanged, long nowMicros, boolean ownToken) {

  /** The change of the record. */
  enum Kind {
    /** No change. */
    NONE,
    /** A claim is granted, on a lease from the pool. */
    GRANT,
    /** The lock becomes free. Its last token is remembered, on a shared lease. */
    FREE,
    /** The lock is closed for all replicas but one, on another shared lease. */
    TURN,
    /** The lock is closed for the rest of its lease, renewals that nobody sees included. */
    CLOSE,
    /** The lock is closed on a new lease of its own. */
    CLOSE_ON_NEW_LEASE,
    /** The record is removed, because etcd has no space for the remembered token. */
    REMOVE
  }

  /** Compares the record before and after a transition. */
  static RecordDiff between(
      ObservedLock observed, LockRecord before, LockRecord after, long nowMicros) {
    boolean queueChanged = !after.replicaQueue().equals(before.replicaQueue());
    boolean ownToken = after.token() != before.token();
    return new RecordDiff(
        kind(observed, before, after, nowMicros), after, queueChanged, nowMicros, ownToken);
  }

  private static Kind kind(
      ObservedLock observed, LockRecord before, LockRecord after, long nowMicros) {
    if (after.ownership().isPresent()) {
      return after.token() != before.token() ? Kind.GRANT : Kind.NONE;
    }
    boolean same =
        before.ownership().isEmpty()
            && after.freeAtMicros() == before.freeAtMicros()
            && after.turn().equals(before.turn())
            && after.revoked().equals(before.revoked());
    if (same) {
      return Kind.NONE;
    }
    if (after.freeAtMicros() <= nowMicros) {
      return observed.isBound() ? Kind.FREE : Kind.NONE;
    }
    if (after.turn().isPresent()) {
      return Kind.TURN;
    }
    boolean sameEnd = observed.isBound() && after.freeAtMicros() == before.freeAtMicros();
    return sameEnd ? Kind.CLOSE : Kind.CLOSE_ON_NEW_LEASE;
  }

  boolean isEmpty() {
    return kind == Kind.NONE && !queueChanged;
  }

  /** Returns the change to make when etcd is out of space: the waiters see the record go. */
  RecordDiff withoutSpace() {
    return new RecordDiff(Kind.REMOVE, after, false, nowMicros, false);
  }

  /**
   * True if the change is still possible when etcd is out of space. Cost: the remembered token
   * ({@link Kind#FREE}) or the queue order ({@link Kind#TURN}) is lost.
   */
  boolean isPossibleWithoutSpace() {
    return kind == Kind.FREE || kind == Kind.TURN;
  }

  /** Returns how long the lock is closed. */
  Duration closedFor() {
    return MicrosecondTime.duration(after.freeAtMicros() - nowMicros);
  }

  /**
   * Returns the value of the record after the change.
   *
   * @param offset of the token base
   */
  LockValue value(long offset) {
    if (kind == Kind.GRANT) {
      Ownership ownership = after.ownership().orElseThrow();
      return new Granted(
          offset,
          ownership.claim(),
          ownership.claimant(),
          ownership.lease(),
          ownership.acquiredAtMicros());
    }
    if (kind == Kind.FREE) {
      return new Free(after.token(), after.revoked());
    }
    return new Closed(
        ownToken ? offset : after.token(), ownToken, closedFor(), after.turn(), after.revoked());
  }
}
