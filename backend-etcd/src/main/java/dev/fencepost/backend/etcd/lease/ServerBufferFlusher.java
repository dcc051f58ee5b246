package dev.fencepost.backend.etcd.lease;

import dev.fencepost.backend.etcd.rpc.CallDeadline;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * Makes etcd drop the write buffers that it copies for each keep-alive.
 *
 * <p>etcd 3.4 keeps the writes since its last commit in one buffer for each kind. A buffer is as
 * large as the most writes between two commits, and etcd drops it only in a commit before which
 * that kind had no write. Without a write there is no commit, and at most ten commits a second
 * ({@code mvcc/backend/tx_buffer.go}). After 1,000 keys that ended with their lease, a keep-alive
 * costs five times as much, until two commits had no key. A lease without a key makes such a
 * commit, and another one when it ends. For one thread.
 */
public final class ServerBufferFlusher {
  /** etcd lengthens it if necessary. */
  private static final long SECONDS = 1;

  private final BooleanSupplier isWanted;
  private final LeaseClient leases;
  private final Duration callTimeout;

  /**
   * Makes a flusher that works while keep-alives should cost less and hardly any keys are written.
   *
   * @param callTimeout the time after which an answer is ignored
   */
  public ServerBufferFlusher(BooleanSupplier isWanted, LeaseClient leases, Duration callTimeout) {
    this.isWanted = isWanted;
    this.leases = leases;
    this.callTimeout = callTimeout;
  }

  /** Grants one lease without a key, if wanted. Called a few times a second. */
  public void tick() {
    if (isWanted.getAsBoolean()) {
      leases.grant(SECONDS, LeaseClient.LeaseUse.FREE, CallDeadline.in(callTimeout));
    }
  }
}
