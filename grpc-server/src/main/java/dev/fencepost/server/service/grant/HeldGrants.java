package dev.fencepost.server.service.grant;

import dev.fencepost.core.MakerCheck;
import dev.fencepost.core.OverLimitException;
import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.ReleaseCommand;
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
  private final GrantAudit audit;

  /** Creates an empty registry. */
  public HeldGrants(ServerLimits limits, GrantAudit audit) {
    this.limits = limits;
    this.audit = audit;
  }

  /**
   * A grant.
   *
   * @param ref its key, with the principal that made it
   * @param expiresAtNanos when it ends unless it is renewed
   */
  private record HeldGrant(GrantRef ref, GrantClient client, long expiresAtNanos) {
    HeldGrant until(long nanos) {
      return new HeldGrant(ref, client, nanos);
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

  /** Records that another than the maker has renewed the grant. It stays the maker's. */
  public void extend(Grant grant, long nowNanos) {
    newest.computeIfPresent(
        grant.ref().lock(),
        (lock, old) ->
            old.ref.equals(grant.ref())
                ? old.until(nowNanos + grant.lease().whole().toNanos())
                : old);
  }

  /** Returns the principal that made the grant of this claim, as far as this replica knows. */
  public Optional<String> makerOf(LockName lock, ClaimId claim) {
    return Optional.ofNullable(newest.get(lock))
        .map(existing -> existing.ref)
        .filter(ref -> ref.claim().equals(claim))
        .map(GrantRef::principal);
  }

  /** Records that the client has just acquired or renewed the grant, which it made. */
  public void record(Grant grant, GrantClient client, long nowNanos) {
    HeldGrant recorded =
        new HeldGrant(grant.ref(), client, nowNanos + grant.lease().whole().toNanos());
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
              return replace(old, recorded);
            });
    if (superseded[0] != null) {
      FencingToken by = kept == null ? grant.token() : kept.ref.token();
      notifyLoss(superseded[0], new GrantLoss(LossReason.SUPERSEDED, "", Optional.of(by)));
    }
  }

  /** Removes a grant that was released by force, and notifies its session. */
  public void recordRevocation(LockName lock, FencingToken token, GrantLoss loss) {
    HeldGrant revoked = newest.get(lock);
    if (revoked != null && revoked.ref.token().equals(token) && remove(revoked)) {
      notifyLoss(revoked, loss);
    }
  }

  private void notifyLoss(HeldGrant grant, GrantLoss loss) {
    audit.recordLoss(grant.ref, loss);
    grant.client.notifyLoss(grant.ref.lock(), grant.ref.token(), loss);
  }

  /**
   * Removes the grant that the command ends, because its caller knows of the end. A caller who did
   * not make it removes nothing: the maker's session is still notified.
   */
  public void forget(ReleaseCommand command, MakerCheck makers) {
    HeldGrant existing = newest.get(command.lock());
    if (existing != null
        && existing.ref.claim().equals(command.claim())
        && command.token().filter(token -> !token.equals(existing.ref.token())).isEmpty()
        && (existing.ref.principal().equals(command.principal())
            || makers.mayActFor(existing.ref.principal()))) {
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
      return old.until(next.expiresAtNanos);
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
