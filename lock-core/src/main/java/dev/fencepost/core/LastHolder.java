package dev.fencepost.core;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LockState;
import java.util.Optional;

/**
 * The last known holder of a lock. It recognises a queued claim that is the holder itself, retried.
 * Guarded by its queue's monitor.
 */
final class LastHolder {
  private record Seen(long claimTag, FencingToken token) {}

  private Optional<Seen> holder = Optional.empty();

  /** Records that this waiter was granted the lock. */
  void granted(Waiter waiter, FencingToken token) {
    holder = Optional.of(new Seen(waiter.tag(), token));
  }

  /** Forgets the holder, so that the next one counts as new. */
  void forget() {
    holder = Optional.empty();
  }

  /** Returns the claim tag of a holder that was not seen before. */
  Optional<Long> news(LockState state) {
    Optional<Seen> now =
        state.holder().map(h -> new Seen(Waiter.parseTag(h.claimTag()), h.token()));
    boolean known = now.equals(holder);
    holder = now;
    return known ? Optional.empty() : now.map(Seen::claimTag);
  }

  /** Returns the waiter's own grant if it is the holder. */
  Optional<GrantRef> grantOf(Waiter waiter, LockName lock) {
    return holder
        .filter(seen -> seen.claimTag() == waiter.tag())
        .map(seen -> new GrantRef(lock, waiter.claim.id(), seen.token(), waiter.principal()));
  }
}
