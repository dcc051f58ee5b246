package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseHandle;
import dev.fencepost.backend.etcd.rpc.LeaseClient.LeaseUse;
import dev.fencepost.lock.spi.support.CallDeadline;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A lease that many short-lived keys share. It is never kept alive: after a while another lease
 * takes its place, and it expires with its keys. Safe for use by many threads.
 */
public final class SharedLease {
  private final LeaseClient leases;
  private final Rotation rotation;
  private final SharedCall<LeaseHandle> granting = new SharedCall<>();
  private @Nullable LeaseHandle current;
  private int keys;

  /**
   * When one lease takes the place of another.
   *
   * @param use the kind of the keys
   * @param seconds the time of a lease
   * @param window the age at which the next lease is granted
   * @param grace the age up to which the present lease is used meanwhile
   * @param keys the most keys of a lease, approximately
   */
  public record Rotation(LeaseUse use, long seconds, Duration window, Duration grace, int keys) {}

  SharedLease(LeaseClient leases, Rotation rotation) {
    this.leases = leases;
    this.rotation = rotation;
  }

  /** Returns the lease for one more key. */
  public CompletionStage<LeaseHandle> take(CallDeadline deadline) {
    LeaseHandle lease;
    boolean isDue;
    synchronized (this) {
      lease = current;
      keys++;
      isDue = isOlderThan(rotation.window()) || keys >= rotation.keys();
      if (isOlderThan(rotation.grace())) {
        lease = null;
      }
    }
    if (lease == null) {
      return grant(deadline);
    }
    if (isDue) {
      grant(deadline);
    }
    return CompletableFuture.completedStage(lease);
  }

  /** Grants the next lease in advance, if it will be needed soon. */
  public void prepare(CallDeadline deadline) {
    boolean isDue;
    synchronized (this) {
      isDue = isOlderThan(rotation.window());
    }
    if (isDue) {
      grant(deadline);
    }
  }

  /** Stops using this lease, because it is gone. */
  public synchronized void onGone(long id) {
    if (current != null && current.id() == id) {
      current = null;
    }
  }

  private boolean isOlderThan(Duration age) {
    return current == null || current.ageNanos() >= age.toNanos();
  }

  private CompletionStage<LeaseHandle> grant(CallDeadline deadline) {
    return granting.join(
        () -> leases.grant(rotation.seconds(), rotation.use(), deadline).thenApply(this::use));
  }

  private synchronized LeaseHandle use(LeaseHandle fresh) {
    current = fresh;
    keys = 0;
    return fresh;
  }
}
