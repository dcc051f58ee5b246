package dev.fencepost.server.service;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Loss;
import dev.fencepost.lock.LossReason;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which session a lock's grant was last made or renewed through, so that its holder is told of its
 * end by whoever sees it here. Best effort: the holder's own deadline decides. Thread-safe; a grant
 * that is renewed no more is forgotten by {@link #sweep}.
 */
final class HeldGrants {
  private final Map<LockName, Held> newest = new ConcurrentHashMap<>();

  /** Tells a session that a grant of its client has ended. */
  interface Teller {
    /** Never blocks; may be called after the session's end. */
    void lost(LockName lock, FencingToken token, Loss loss);
  }

  /**
   * A grant of a session.
   *
   * @param untilNanos when it has ended unless it was renewed
   */
  private record Held(FencingToken token, Teller teller, long untilNanos) {
    void superseded(LockName lock, FencingToken by) {
      teller.lost(lock, token, new Loss(LossReason.SUPERSEDED, "", Optional.of(by)));
    }
  }

  /** A session holds the grant, which it got or renewed just now. */
  void held(Grant grant, Teller teller, long nowNanos) {
    LockName lock = grant.ref().lock();
    granted(lock, grant.token());
    Held mine = new Held(grant.token(), teller, nowNanos + grant.lease().whole().toNanos());
    Held kept =
        newest.merge(
            lock, mine, (old, added) -> old.token.compareTo(added.token) > 0 ? old : added);
    if (kept.token.compareTo(mine.token) > 0) {
      mine.superseded(lock, kept.token);
    }
  }

  /** Somebody was granted the lock: a lower grant is over. */
  void granted(LockName lock, FencingToken token) {
    Held former = newest.get(lock);
    if (former != null && former.token.compareTo(token) < 0 && newest.remove(lock, former)) {
      former.superseded(lock, token);
    }
  }

  /** The lock's grant was ended by force. */
  void revoked(LockName lock, FencingToken token, Loss loss) {
    Held former = newest.get(lock);
    if (former != null && former.token.equals(token) && newest.remove(lock, former)) {
      former.teller.lost(lock, token, loss);
    }
  }

  /** The grant's holder knows of its end. */
  void ended(GrantRef grant) {
    newest.computeIfPresent(
        grant.lock(), (lock, held) -> held.token.equals(grant.token()) ? null : held);
  }

  /** Forgets all grants of a session that is over. */
  void forget(Teller teller) {
    newest.values().removeIf(held -> held.teller == teller);
  }

  /** Forgets what has run out; nobody needs to be told. */
  void sweep(long nowNanos) {
    newest.values().removeIf(held -> nowNanos - held.untilNanos > 0);
  }
}
