package dev.fencepost.server.service;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The grants that were made or renewed through this replica and have not ended, each with its
 * client, who is charged for it, and with the session that last spoke for it, which is told of its
 * end by whoever sees it here. Best effort: the holder's own deadline decides, and a grant for
 * which there is no room is not kept. Thread-safe.
 *
 * <p>A grant is forgotten when it is released by its own claim, when it was lost, and by {@link
 * #sweep} once its lease is over; not when its session ends, for it stands.
 */
final class HeldGrants {
  /** A grant in this register, without its name. */
  private static final long GRANT_BYTES = 300;

  private final Map<LockName, Held> newest = new ConcurrentHashMap<>();
  private final ServerLimits limits;

  HeldGrants(ServerLimits limits) {
    this.limits = limits;
  }

  /** Tells a session that a grant of its client has ended. */
  interface Teller {
    /** Never blocks; may be called after the session's end. */
    void lost(LockName lock, FencingToken token, GrantLoss loss);
  }

  /** Who holds grants: a client through a session, or without one. Thread-safe. */
  static final class Keeper {
    private final String client;
    private volatile @Nullable Teller teller;

    private Keeper(String client, @Nullable Teller teller) {
      this.client = client;
      this.teller = teller;
    }

    /** A client's session. */
    static Keeper session(String client, Teller teller) {
      return new Keeper(client, teller);
    }

    /** A client without a session. */
    static Keeper caller(String client) {
      return new Keeper(client, null);
    }

    /** The session is over: nobody is told any more, while the grants stand. */
    void leave() {
      teller = null;
    }

    private boolean listens() {
      return teller != null;
    }

    private void tell(LockName lock, FencingToken token, GrantLoss loss) {
      Teller told = teller;
      if (told != null) {
        told.lost(lock, token, loss);
      }
    }
  }

  /**
   * A grant.
   *
   * @param untilNanos when it has ended unless it was renewed
   */
  private record Held(GrantRef ref, Keeper keeper, long untilNanos) {
    void superseded(FencingToken by) {
      lost(new GrantLoss(LossReason.SUPERSEDED, "", Optional.of(by)));
    }

    void lost(GrantLoss loss) {
      keeper.tell(ref.lock(), ref.token(), loss);
    }

    long bytes() {
      return GRANT_BYTES + ref.lock().value().length();
    }
  }

  /**
   * Looks whether the client may have one more lock.
   *
   * @throws OverLimitException if not; a claim that holds its lock may always ask again
   */
  void requireRoom(String client, Claim claim) {
    try {
      limits.locks().requireRoom(client);
    } catch (OverLimitException e) {
      Held held = newest.get(claim.lock());
      if (held == null || !held.ref.claim().equals(claim.id())) {
        throw e;
      }
    }
  }

  /** The keeper got or renewed the grant just now. */
  void held(Grant grant, Keeper keeper, long nowNanos) {
    Held mine = new Held(grant.ref(), keeper, nowNanos + grant.lease().whole().toNanos());
    Held[] over = new Held[1];
    Held kept =
        newest.compute(
            mine.ref.lock(),
            (lock, old) -> {
              if (old != null && old.ref.token().compareTo(grant.token()) > 0) {
                over[0] = mine;
                return old;
              }
              if (old != null && !old.ref.token().equals(grant.token())) {
                over[0] = old;
              }
              return replace(old, mine);
            });
    if (over[0] != null) {
      over[0].superseded(kept == null ? grant.token() : kept.ref.token());
    }
  }

  /** The lock's grant was ended by force. */
  void revoked(LockName lock, FencingToken token, GrantLoss loss) {
    Held former = newest.get(lock);
    if (former != null && former.ref.token().equals(token) && remove(former)) {
      former.lost(loss);
    }
  }

  /** The grant's holder, who names its claim, knows of its end. */
  void ended(GrantRef grant) {
    Held held = newest.get(grant.lock());
    if (held != null && held.ref.equals(grant)) {
      remove(held);
    }
  }

  /** The claim was ended by its holder, who did not know its token. */
  void ended(LockName lock, ClaimId claim) {
    Held held = newest.get(lock);
    if (held != null && held.ref.claim().equals(claim)) {
      remove(held);
    }
  }

  /** Forgets what has run out; nobody needs to be told. */
  void sweep(long nowNanos) {
    for (Held held : newest.values()) {
      if (nowNanos - held.untilNanos > 0) {
        remove(held);
      }
    }
  }

  private boolean remove(Held held) {
    boolean removed = newest.remove(held.ref.lock(), held);
    if (removed) {
      free(held);
    }
    return removed;
  }

  private @Nullable Held replace(@Nullable Held old, Held next) {
    if (old != null && old.keeper == next.keeper) {
      return next;
    }
    // A renewal outside of a session does not take its grant from the session that listens.
    if (old != null && !next.keeper.listens() && old.ref.equals(next.ref)) {
      return new Held(old.ref, old.keeper, next.untilNanos);
    }
    if (old != null) {
      free(old);
    }
    return charge(next) ? next : null;
  }

  private boolean charge(Held held) {
    String client = held.keeper.client;
    try {
      limits.locks().take(client, 1);
    } catch (OverLimitException e) {
      return false;
    }
    try {
      limits.grantBytes().take(client, held.bytes());
      return true;
    } catch (OverLimitException e) {
      limits.locks().giveBack(client, 1);
      return false;
    }
  }

  private void free(Held held) {
    limits.locks().giveBack(held.keeper.client, 1);
    limits.grantBytes().giveBack(held.keeper.client, held.bytes());
  }
}
