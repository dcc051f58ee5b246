package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LockValue.Closed;
import dev.fencepost.backend.etcd.LockValue.Free;
import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.lock.spi.record.LockRecord;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import dev.fencepost.lock.spi.record.Ownership;
import java.time.Duration;

/**
 * What a step of the rules means for the lock's keys.
 *
 * @param kind what happens to the record
 * @param after what it says then
 * @param line whether the line is another one
 * @param nowMicros the moment of the step
 * @param ownToken whether the record gets a token of its own, so that the base must be compared
 */
record RecordDiff(Kind kind, LockRecord after, boolean line, long nowMicros, boolean ownToken) {

  /** What happens to the record. */
  enum Kind {
    /** Nothing. */
    NONE,
    /** A claim is granted, on a lease from the pool. */
    GRANT,
    /** It is a memory of the last token, on a rolling lease. */
    FREE,
    /** It is closed for one replica, on another rolling lease. */
    TURN,
    /** It is closed for what its lease has left, renewals that nobody sees included. */
    CLOSE,
    /** It is closed on a lease of its own. */
    CLOSE_ANEW,
    /** It is removed, since there is no room for a memory. */
    REMOVE
  }

  /** Compares the record before and after a step. */
  static RecordDiff between(
      ObservedLock seen, LockRecord before, LockRecord after, long nowMicros) {
    boolean line = !after.replicaQueue().equals(before.replicaQueue());
    boolean ownToken = after.token() != before.token();
    return new RecordDiff(kind(seen, before, after, nowMicros), after, line, nowMicros, ownToken);
  }

  private static Kind kind(ObservedLock seen, LockRecord before, LockRecord after, long nowMicros) {
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
      return seen.isBound() ? Kind.FREE : Kind.NONE;
    }
    if (after.turn().isPresent()) {
      return Kind.TURN;
    }
    boolean asLong = seen.isBound() && after.freeAtMicros() == before.freeAtMicros();
    return asLong ? Kind.CLOSE : Kind.CLOSE_ANEW;
  }

  boolean isNothing() {
    return kind == Kind.NONE && !line;
  }

  /** The same where there is no room: whoever waits sees that the record is gone. */
  RecordDiff withoutRoom() {
    return new RecordDiff(Kind.REMOVE, after, false, nowMicros, false);
  }

  /** Whether it can be made without room, at the price of a memory or of an order. */
  boolean canDoWithoutRoom() {
    return kind == Kind.FREE || kind == Kind.TURN;
  }

  /** For how long a lock is closed. */
  Duration closedFor() {
    return MicrosecondTime.duration(after.freeAtMicros() - nowMicros);
  }

  /** What the record says then. */
  LockValue value(long offset) {
    if (kind == Kind.GRANT) {
      Ownership tenure = after.ownership().orElseThrow();
      return new Granted(
          offset, tenure.claim(), tenure.claimant(), tenure.lease(), tenure.acquiredAtMicros());
    }
    if (kind == Kind.FREE) {
      return new Free(after.token(), after.revoked());
    }
    return new Closed(
        ownToken ? offset : after.token(), ownToken, closedFor(), after.turn(), after.revoked());
  }
}
