package dev.fencepost.backend.etcd;

/**
 * A lease in etcd.
 *
 * @param id chosen by us
 * @param seconds its full time
 * @param aliveNanos a moment at or before etcd last began to count it, on the clock of {@link
 *     System#nanoTime()}
 */
record StoreLease(long id, long seconds, long aliveNanos) {

  StoreLease aliveSince(long nanos) {
    return new StoreLease(id, seconds, nanos);
  }

  long ageNanos() {
    return System.nanoTime() - aliveNanos;
  }
}
