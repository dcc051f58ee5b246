package dev.fencepost.server.service.grant;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.server.service.limit.ServerLimits;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the grants that were made or renewed through this replica and have not ended. Each is
 * charged to its client and belongs to the session that last acquired or renewed it; that session
 * is notified when this replica sees the grant end. Best effort: the holder's own deadline decides,
 * and a grant for which there is no room is not remembered. Thread-safe.
 *
 * <p>A grant is removed when its own claim releases it, when it is lost, and by {@link
 * #removeExpired} after its lease. The end of its session does not remove it, because the grant
 * remains valid.
 */
public final class HeldGrants {
  /** Charge for a grant in this registry, without its name. */
  private static final long GRANT_BYTES = 300;

  private final Map<LockName, HeldGrant> newest = new ConcurrentHashMap<>();
  private final ServerLimits limits;

  /** Creates an empty registry. */
  public HeldGrants(ServerLimits limits) {
    this.limits = limits;
  }

  /**
   * A grant.
   *
   * @param expiresAtNanos when it ends unless it is renewed
   * @param maker principal that made the grant; empty if it was made at another replica
   */
  private record HeldGrant(
      GrantRef ref, GrantClient client, long expiresAtNanos, Optional<String> maker) {
    HeldGrant madeBy(Optional<String> known) {
      return known.isPresent() ? new HeldGrant(ref, client, expiresAtNanos, known) : this;
    }

    void notifySuperseded(FencingToken by) {
      notifyLoss(new GrantLoss(LossReason.SUPERSEDED, "", Optional.of(by)));
    }

    void notifyLoss(GrantLoss loss) {
      client.notifyLoss(ref.lock(), ref.token(), loss);
    }

    long bytes() {
      return GRANT_BYTES + ref.lock().value().length();
    }
  }

  /**
   * Checks that the client may hold one more lock.
   *
   * @throws OverLimitException if it may not. A claim that already holds its lock may always repeat
   *     its acquire
   */
  public void requireRoom(String client, Claim claim) {
    try {
      limits.locks().requireRoom(client);
    } catch (OverLimitException e) {
      HeldGrant existing = newest.get(claim.lock());
      if (existing == null || !existing.ref.claim().equals(claim.id())) {
        throw e;
      }
    }
  }

  /** Records that the client has just acquired the grant; its principal is the maker. */
  public void recordGrant(Grant grant, GrantClient client, String maker, long nowNanos) {
    record(grant, client, Optional.of(maker), nowNanos);
  }

  /** Records that the client has just renewed the grant. Its maker stays as far as it is known. */
  public void recordRenewal(Grant grant, GrantClient client, long nowNanos) {
    record(grant, client, Optional.empty(), nowNanos);
  }

  /** Returns the principal that made the grant of this claim, as far as this replica knows. */
  public Optional<String> makerOf(LockName lock, ClaimId claim) {
    HeldGrant existing = newest.get(lock);
    return existing != null && existing.ref.claim().equals(claim)
        ? existing.maker
        : Optional.empty();
  }

  private void record(Grant grant, GrantClient client, Optional<String> maker, long nowNanos) {
    HeldGrant recorded =
        new HeldGrant(grant.ref(), client, nowNanos + grant.lease().whole().toNanos(), maker);
    HeldGrant[] superseded = new HeldGrant[1];
    HeldGrant kept =
        newest.compute(
            recorded.ref.lock(),
            (lock, old) -> {
              if (old != null && old.ref.token().compareTo(grant.token()) > 0) {
                superseded[0] = recorded;
                return old;
              }
              if (old != null && !old.ref.token().equals(grant.token())) {
                superseded[0] = old;
              }
              boolean sameGrant = old != null && old.ref.equals(recorded.ref);
              return replace(old, sameGrant ? recorded.madeBy(old.maker) : recorded);
            });
    if (superseded[0] != null) {
      superseded[0].notifySuperseded(kept == null ? grant.token() : kept.ref.token());
    }
  }

  /** Removes a grant that was released by force, and notifies its session. */
  public void recordRevocation(LockName lock, FencingToken token, GrantLoss loss) {
    HeldGrant revoked = newest.get(lock);
    if (revoked != null && revoked.ref.token().equals(token) && remove(revoked)) {
      revoked.notifyLoss(loss);
    }
  }

  /** Removes a grant whose holder names its claim and so knows of its end. */
  public void forget(GrantRef grant) {
    HeldGrant existing = newest.get(grant.lock());
    if (existing != null && existing.ref.equals(grant)) {
      remove(existing);
    }
  }

  /** Removes the grant of a claim that its holder ended without knowing the token. */
  public void forget(LockName lock, ClaimId claim) {
    HeldGrant existing = newest.get(lock);
    if (existing != null && existing.ref.claim().equals(claim)) {
      remove(existing);
    }
  }

  /** Removes the grants whose leases are over, without notifying anybody. */
  public void removeExpired(long nowNanos) {
    for (HeldGrant each : newest.values()) {
      if (nowNanos - each.expiresAtNanos > 0) {
        remove(each);
      }
    }
  }

  private boolean remove(HeldGrant grant) {
    boolean removed = newest.remove(grant.ref.lock(), grant);
    if (removed) {
      uncharge(grant);
    }
    return removed;
  }

  private @Nullable HeldGrant replace(@Nullable HeldGrant old, HeldGrant next) {
    if (old != null && old.client == next.client) {
      return next;
    }
    // A renewal outside of a session does not take the grant from the session that listens.
    if (old != null && !next.client.hasListener() && old.ref.equals(next.ref)) {
      return new HeldGrant(old.ref, old.client, next.expiresAtNanos, next.maker);
    }
    if (old != null) {
      uncharge(old);
    }
    return charge(next) ? next : null;
  }

  private boolean charge(HeldGrant grant) {
    String client = grant.client.client();
    try {
      limits.locks().take(client, 1);
    } catch (OverLimitException e) {
      return false;
    }
    try {
      limits.grantBytes().take(client, grant.bytes());
      return true;
    } catch (OverLimitException e) {
      limits.locks().giveBack(client, 1);
      return false;
    }
  }

  private void uncharge(HeldGrant grant) {
    String client = grant.client.client();
    limits.locks().giveBack(client, 1);
    limits.grantBytes().giveBack(client, grant.bytes());
  }
}
