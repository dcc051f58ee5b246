package dev.fencepost.backend.etcd;

import java.util.concurrent.TimeUnit;

/**
 * A lease in etcd.
 *
 * @param id chosen by us
 * @param seconds its full time
 * @param aliveNanos a moment at or before etcd last began to count it, on the clock of {@link
 *     System#nanoTime()}
 */
record LeaseHandle(long id, long seconds, long aliveNanos) {

  LeaseHandle aliveSince(long nanos) {
    return new LeaseHandle(id, seconds, nanos);
  }

  /** Whether its time is over unless somebody else kept it alive. */
  boolean mayHaveEnded() {
    return ageNanos() >= TimeUnit.SECONDS.toNanos(seconds);
  }

  long ageNanos() {
    return System.nanoTime() - aliveNanos;
  }
}
