package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.backend.etcd.rpc.LeasePool.PooledLease;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The grants that this replica made. It ends them in one transaction and uses their leases again.
 * They never decide an answer by themselves, because each transaction compares them. A grant is
 * forgotten when its lease must have ended. Safe for use by many threads.
 */
final class LocalGrants {
  private static final long KEPT_LONGER_NANOS = Duration.ofSeconds(10).toNanos();

  /** Seldom, because there may be very many grants, and forgetting them is not urgent. */
  private static final long CLEANUP_INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();

  private final Map<LockName, LocalGrant> grants = new ConcurrentHashMap<>();
  private long lastCleanupNanos = System.nanoTime();

  /**
   * One grant.
   *
   * @param entry its record
   * @param lease the lease that the record is bound to
   * @param confirmedNanos a moment at or before etcd began to count the lease, on the clock of
   *     {@link System#nanoTime()}
   */
  private record LocalGrant(ObservedLock.Entry entry, PooledLease lease, long confirmedNanos) {
    Granted granted() {
      return (Granted) entry.value();
    }

    boolean isFor(ClaimId claim, Optional<FencingToken> token) {
      return granted().claim().equals(claim)
          && token.filter(wanted -> wanted.value() != entry.token()).isEmpty();
    }

    boolean isOlderThan(Duration time) {
      return System.nanoTime() - confirmedNanos > time.toNanos();
    }
  }

  void add(LockName lock, ObservedLock.Entry entry, PooledLease lease) {
    grants.put(lock, new LocalGrant(entry, lease, lease.lease().aliveNanos()));
  }

  /** Returns the record of the claim's grant if it was made here and its lease still runs. */
  Optional<ObservedLock.Entry> entryOf(LockName lock, ClaimId claim, Optional<FencingToken> token) {
    return Optional.ofNullable(grants.get(lock))
        .filter(grant -> grant.isFor(claim, token))
        .filter(grant -> !grant.isOlderThan(grant.granted().lease().ttl()))
        .map(LocalGrant::entry);
  }

  /** Records that a keep-alive sent at this moment renewed the grant. */
  void recordRenewal(GrantRef ref, long sentNanos) {
    grants.computeIfPresent(
        ref.lock(),
        (lock, grant) ->
            grant.isFor(ref.claim(), Optional.of(ref.token()))
                ? new LocalGrant(
                    grant.entry(),
                    new PooledLease(
                        grant.lease().seconds(), grant.lease().lease().aliveSince(sentNanos)),
                    sentNanos)
                : grant);
  }

  /** Forgets the grant that this revision wrote, and returns its lease. */
  Optional<PooledLease> remove(LockName lock, long revision) {
    return Optional.ofNullable(grants.get(lock))
        .filter(grant -> grant.entry().revision() == revision)
        .filter(grant -> grants.remove(lock, grant))
        .map(LocalGrant::lease);
  }

  /** Forgets grants whose leases must have ended. Called often, by one thread. */
  void tick() {
    long now = System.nanoTime();
    if (now - lastCleanupNanos < CLEANUP_INTERVAL_NANOS) {
      return;
    }
    lastCleanupNanos = now;
    grants
        .values()
        .removeIf(
            grant ->
                grant.isOlderThan(grant.granted().lease().whole().plusNanos(KEPT_LONGER_NANOS)));
  }

  /** Returns the number of grants. */
  int size() {
    return grants.size();
  }
}
