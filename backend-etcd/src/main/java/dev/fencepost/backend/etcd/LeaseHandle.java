package dev.fencepost.backend.etcd;

import java.util.concurrent.TimeUnit;

/**
 * A lease in etcd.
 *
 * @param id chosen by this client
 * @param seconds the full time
 * @param aliveNanos a moment at or before etcd last began to count the time, on the clock of {@link
 *     System#nanoTime()}
 */
record LeaseHandle(long id, long seconds, long aliveNanos) {

  LeaseHandle aliveSince(long nanos) {
    return new LeaseHandle(id, seconds, nanos);
  }

  /** True if the time is over, unless another replica kept the lease alive. */
  boolean mayHaveEnded() {
    return ageNanos() >= TimeUnit.SECONDS.toNanos(seconds);
  }

  long ageNanos() {
    return System.nanoTime() - aliveNanos;
  }
}
