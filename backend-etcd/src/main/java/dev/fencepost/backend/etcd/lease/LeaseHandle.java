package dev.fencepost.backend.etcd.lease;

import java.util.concurrent.TimeUnit;

/**
 * A lease in etcd.
 *
 * @param id chosen by this client
 * @param seconds the full time
 * @param aliveNanos a moment at or before etcd last began to count the time, on the clock of {@link
 *     System#nanoTime()}
 */
public record LeaseHandle(long id, long seconds, long aliveNanos) {

  public LeaseHandle aliveSince(long nanos) {
    return new LeaseHandle(id, seconds, nanos);
  }

  /** True if the time is over, unless another replica kept the lease alive. */
  public boolean mayHaveEnded() {
    return ageNanos() >= TimeUnit.SECONDS.toNanos(seconds);
  }

  public long ageNanos() {
    return System.nanoTime() - aliveNanos;
  }
}
