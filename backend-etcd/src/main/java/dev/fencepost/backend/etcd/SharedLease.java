package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LeaseClient.Use;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A lease that many short-lived keys share. It is never kept alive: a while after its grant the
 * next one takes its place, and it dies with its keys. Safe for use by many threads.
 */
final class SharedLease {
  private final LeaseClient leases;
  private final Terms terms;
  private @Nullable LeaseHandle present;
  private int keys;
  private @Nullable CompletableFuture<LeaseHandle> next;

  /**
   * How it rolls.
   *
   * @param use what its keys are
   * @param seconds its time
   * @param window after so long the next one is granted
   * @param grace until then the present one serves meanwhile
   * @param keys it gets at most so many keys, about
   */
  record Terms(Use use, long seconds, Duration window, Duration grace, int keys) {}

  SharedLease(LeaseClient leases, Terms terms) {
    this.leases = leases;
    this.terms = terms;
  }

  /** The lease for one more key. */
  CompletionStage<LeaseHandle> take(CallDeadline deadline) {
    CompletableFuture<LeaseHandle> mine;
    synchronized (this) {
      LeaseHandle lease = present;
      if (lease != null && lease.ageNanos() < terms.grace().toNanos()) {
        keys++;
        boolean isDue = lease.ageNanos() >= terms.window().toNanos() || keys >= terms.keys();
        if (isDue && next == null) {
          mine = new CompletableFuture<>();
          next = mine;
          begin(mine, deadline);
        }
        return CompletableFuture.completedStage(lease);
      }
      if (next != null) {
        return next;
      }
      mine = new CompletableFuture<>();
      next = mine;
    }
    begin(mine, deadline);
    return mine;
  }

  /** Has a lease ready soon. */
  void prepare(CallDeadline deadline) {
    CompletableFuture<LeaseHandle> mine;
    synchronized (this) {
      LeaseHandle lease = present;
      if (next != null || (lease != null && lease.ageNanos() < terms.window().toNanos())) {
        return;
      }
      mine = new CompletableFuture<>();
      next = mine;
    }
    begin(mine, deadline);
  }

  /** A lease has turned out to be gone. */
  synchronized void isGone(long id) {
    if (present != null && present.id() == id) {
      present = null;
    }
  }

  private void begin(CompletableFuture<LeaseHandle> mine, CallDeadline deadline) {
    leases
        .grant(terms.seconds(), terms.use(), deadline)
        .whenComplete(
            (lease, error) -> {
              synchronized (this) {
                next = null;
                if (error == null) {
                  present = lease;
                  keys = 0;
                }
              }
              if (error == null) {
                mine.complete(lease);
              } else {
                mine.completeExceptionally(error);
              }
            });
  }
}
