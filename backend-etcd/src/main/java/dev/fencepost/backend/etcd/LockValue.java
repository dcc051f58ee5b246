package dev.fencepost.backend.etcd;

import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.ReplicaId;
import java.time.Duration;
import java.util.Optional;

/** The value of a lock's key. {@link EtcdRecordCodec} has its form in bytes. */
sealed interface LockValue {

  /** Returns the token of a record that this revision wrote. */
  long tokenAt(long revision);

  /**
   * A granted claim.
   *
   * @param offset the token minus the revision that wrote this record
   * @param acquiredAtMicros in µs since 1970 by the clock of the replica that granted it; shown to
   *     people only
   */
  record Granted(long offset, ClaimId claim, Claimant claimant, Lease lease, long acquiredAtMicros)
      implements LockValue {
    @Override
    public long tokenAt(long revision) {
      return offset + revision;
    }
  }

  /**
   * A lock without a holder that nobody, or one replica only, may take.
   *
   * @param token the last token; with {@code ownToken}, that token minus the revision that wrote
   *     this record
   * @param ownToken true if the closing has a token of its own
   * @param time how long it is closed, counted from the write
   * @param turn the replica that may take it nevertheless
   * @param revoked the administrator's reason if it was closed by force, else empty
   */
  record Closed(
      long token, boolean ownToken, Duration time, Optional<ReplicaId> turn, String revoked)
      implements LockValue {
    @Override
    public long tokenAt(long revision) {
      return ownToken ? token + revision : token;
    }
  }

  /**
   * A free lock whose last token is remembered.
   *
   * @param token the last token
   * @param revoked the administrator's reason if the lock was released by force, else empty
   */
  record Free(long token, String revoked) implements LockValue {
    @Override
    public long tokenAt(long revision) {
      return token;
    }
  }
}
