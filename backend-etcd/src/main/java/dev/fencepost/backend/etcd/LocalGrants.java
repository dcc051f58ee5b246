package dev.fencepost.backend.etcd;

import dev.fencepost.backend.etcd.LeasePool.Taken;
import dev.fencepost.backend.etcd.LockValue.Granted;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The grants that this replica made, so that it can end them in one transaction and use their
 * leases again. Never the ground of an answer: each is compared in the transaction. One is
 * forgotten when its lease must have ended. Safe for use by many threads.
 */
final class LocalGrants {
  private static final long KEPT_LONGER_NANOS = Duration.ofSeconds(10).toNanos();

  /** There may be very many, and nobody needs them forgotten at once. */
  private static final long LOOK_EVERY_NANOS = Duration.ofSeconds(5).toNanos();

  private final Map<LockName, Holding> holdings = new ConcurrentHashMap<>();
  private long lookedNanos = System.nanoTime();

  /**
   * A grant.
   *
   * @param entry its record
   * @param lease what it is bound to
   * @param confirmedNanos from when etcd counts its lease, or before, on the clock of {@link
   *     System#nanoTime()}
   */
  private record Holding(ObservedLock.Entry entry, Taken lease, long confirmedNanos) {
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

  void add(LockName lock, ObservedLock.Entry entry, Taken lease) {
    holdings.put(lock, new Holding(entry, lease, lease.lease().aliveNanos()));
  }

  /** The record of the claim's grant, if it was made here and its lease cannot have ended. */
  Optional<ObservedLock.Entry> entryOf(LockName lock, ClaimId claim, Optional<FencingToken> token) {
    return Optional.ofNullable(holdings.get(lock))
        .filter(holding -> holding.isFor(claim, token))
        .filter(holding -> !holding.isOlderThan(holding.granted().lease().ttl()))
        .map(Holding::entry);
  }

  /** The grant was renewed by a keep-alive that was sent then. */
  void renewed(GrantRef grant, long sentNanos) {
    holdings.computeIfPresent(
        grant.lock(),
        (lock, holding) ->
            holding.isFor(grant.claim(), Optional.of(grant.token()))
                ? new Holding(
                    holding.entry(),
                    new Taken(
                        holding.lease().seconds(), holding.lease().lease().aliveSince(sentNanos)),
                    sentNanos)
                : holding);
  }

  /** Forgets the grant that this revision wrote; answers its lease. */
  Optional<Taken> remove(LockName lock, long revision) {
    return Optional.ofNullable(holdings.get(lock))
        .filter(holding -> holding.entry().revision() == revision)
        .filter(holding -> holdings.remove(lock, holding))
        .map(Holding::lease);
  }

  /** Forgets those whose leases must have ended; called often, by one thread. */
  void tick() {
    long now = System.nanoTime();
    if (now - lookedNanos < LOOK_EVERY_NANOS) {
      return;
    }
    lookedNanos = now;
    holdings
        .values()
        .removeIf(
            holding ->
                holding.isOlderThan(
                    holding.granted().lease().whole().plusNanos(KEPT_LONGER_NANOS)));
  }

  /** How many there are. */
  int size() {
    return holdings.size();
  }
}
