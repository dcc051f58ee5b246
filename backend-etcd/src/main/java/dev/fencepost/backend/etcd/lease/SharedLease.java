package dev.fencepost.backend.etcd.lease;

import dev.fencepost.backend.etcd.lease.LeaseClient.LeaseUse;
import dev.fencepost.backend.etcd.rpc.CallDeadline;
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
  private @Nullable LeaseHandle current;
  private int keys;
  private @Nullable CompletableFuture<LeaseHandle> next;

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

  public SharedLease(LeaseClient leases, Rotation rotation) {
    this.leases = leases;
    this.rotation = rotation;
  }

  /** Returns the lease for one more key. */
  public CompletionStage<LeaseHandle> take(CallDeadline deadline) {
    CompletableFuture<LeaseHandle> result;
    synchronized (this) {
      LeaseHandle lease = current;
      if (lease != null && lease.ageNanos() < rotation.grace().toNanos()) {
        keys++;
        boolean isDue = lease.ageNanos() >= rotation.window().toNanos() || keys >= rotation.keys();
        if (isDue && next == null) {
          result = new CompletableFuture<>();
          next = result;
          grant(result, deadline);
        }
        return CompletableFuture.completedStage(lease);
      }
      if (next != null) {
        return next;
      }
      result = new CompletableFuture<>();
      next = result;
    }
    grant(result, deadline);
    return result;
  }

  /** Grants the next lease in advance, if it will be needed soon. */
  public void prepare(CallDeadline deadline) {
    CompletableFuture<LeaseHandle> result;
    synchronized (this) {
      LeaseHandle lease = current;
      if (next != null || (lease != null && lease.ageNanos() < rotation.window().toNanos())) {
        return;
      }
      result = new CompletableFuture<>();
      next = result;
    }
    grant(result, deadline);
  }

  /** Stops using this lease, because it is gone. */
  public synchronized void onGone(long id) {
    if (current != null && current.id() == id) {
      current = null;
    }
  }

  private void grant(CompletableFuture<LeaseHandle> result, CallDeadline deadline) {
    leases
        .grant(rotation.seconds(), rotation.use(), deadline)
        .whenComplete(
            (lease, error) -> {
              synchronized (this) {
                next = null;
                if (error == null) {
                  current = lease;
                  keys = 0;
                }
              }
              if (error == null) {
                result.complete(lease);
              } else {
                result.completeExceptionally(error);
              }
            });
  }
}
