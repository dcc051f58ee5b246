package dev.fencepost.core;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Remembers the places of claims that left the queues of this replica a moment ago: their wait
 * ended, or their callers were gone. A claim that returns within {@link #KEPT} gets its place back,
 * so that waiting in slices and a broken call lose no place. No other client can use the place: the
 * claim id is secret, and another principal's claim is another one. Bounded for each lock and in
 * total; thread-safe.
 */
final class RecentPlaces {
  /** Time for which a place is remembered. */
  static final Duration KEPT = Duration.ofSeconds(3);

  private static final int MOST_OF_A_LOCK = 5_000;
  private static final int MOST = 50_000;

  private record Key(LockName lock, ClaimId claim, String principal) {
    static Key of(Claim claim) {
      return new Key(claim.lock(), claim.id(), claim.claimant().principal());
    }
  }

  /** A place in a queue. */
  record Place(long placeNanos, long startNanos) {}

  private record Kept(Place place, long untilNanos) {}

  private final TimerService timers;
  private final Map<Key, Kept> kept = new LinkedHashMap<>();
  private final Map<LockName, Integer> ofLock = new HashMap<>();

  RecentPlaces(TimerService timers) {
    this.timers = timers;
  }

  /** Remembers the place of a waiter that left, unless too many are remembered. */
  synchronized void remember(Waiter waiter) {
    long now = timers.nanoTime();
    dropUntil(now);
    LockName lock = waiter.claim.lock();
    if (kept.size() >= MOST || ofLock.getOrDefault(lock, 0) >= MOST_OF_A_LOCK) {
      return;
    }
    Place place = new Place(waiter.placeNanos, waiter.startNanos);
    Kept added = new Kept(place, now + KEPT.toNanos());
    if (kept.put(Key.of(waiter.claim), added) == null) {
      ofLock.merge(lock, 1, Integer::sum);
    }
  }

  /** Takes the claim's remembered place. */
  synchronized Optional<Place> take(Claim claim) {
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    dropUntil(timers.nanoTime());
    Optional<Kept> found = Optional.ofNullable(kept.remove(Key.of(claim)));
    found.ifPresent(place -> uncount(claim.lock()));
    return found.map(Kept::place);
  }

  private void dropUntil(long now) {
    // All are kept for the same time: the first in is the first out.
    Iterator<Map.Entry<Key, Kept>> oldest = kept.entrySet().iterator();
    while (oldest.hasNext()) {
      Map.Entry<Key, Kept> entry = oldest.next();
      if (entry.getValue().untilNanos() - now > 0) {
        return;
      }
      oldest.remove();
      uncount(entry.getKey().lock());
    }
  }

  private void uncount(LockName lock) {
    ofLock.computeIfPresent(lock, (name, count) -> count == 1 ? null : count - 1);
  }
}
