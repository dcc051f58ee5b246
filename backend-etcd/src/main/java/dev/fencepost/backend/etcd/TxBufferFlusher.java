package dev.fencepost.backend.etcd;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * Has etcd forget what it copies for each keep-alive. etcd 3.4 keeps what was written since its
 * last commit in a buffer for each kind, as large as the most that came between two commits, and
 * drops one only in a commit before which nothing came for it; without a write there is no commit,
 * ten times a second at most ({@code mvcc/backend/tx_buffer.go}). After 1,000 keys that ended with
 * their lease a keep-alive costs five times as much as before, until two commits without a key: a
 * lease of no key makes one, and another when it ends. For one thread.
 */
final class TxBufferFlusher {
  /** etcd makes it longer if it must. */
  private static final long SECONDS = 1;

  private final BooleanSupplier isWanted;
  private final LeaseClient leases;
  private final Duration callTimeout;

  /**
   * Sweeps while that is so: while keys are hardly written, and keep-alives should cost less.
   *
   * @param callTimeout after that an answer is not waited for
   */
  TxBufferFlusher(BooleanSupplier isWanted, LeaseClient leases, Duration callTimeout) {
    this.isWanted = isWanted;
    this.leases = leases;
    this.callTimeout = callTimeout;
  }

  /** To be called a few times a second. */
  void tick() {
    if (isWanted.getAsBoolean()) {
      leases.grant(SECONDS, LeaseClient.Use.FREE, CallDeadline.in(callTimeout));
    }
  }
}
