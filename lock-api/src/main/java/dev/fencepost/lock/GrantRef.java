package dev.fencepost.lock;

/**
 * Names one grant; the only key that renews or releases it.
 *
 * @param lock the lock
 * @param claim the claim's secret
 * @param token the grant's token
 * @param principal the principal that made the grant, compared with the one on record; empty where
 *     nobody authenticates
 */
public record GrantRef(LockName lock, ClaimId claim, FencingToken token, String principal) {

  /** A grant that was made without a principal. */
  public GrantRef(LockName lock, ClaimId claim, FencingToken token) {
    this(lock, claim, token, "");
  }

  /** Returns true if both name the same grant, by whatever principal. */
  public boolean isSameGrant(GrantRef other) {
    return lock.equals(other.lock) && claim.equals(other.claim) && token.equals(other.token);
  }

  /** Returns the same grant, named as made by this principal. */
  public GrantRef madeBy(String maker) {
    return maker.equals(principal) ? this : new GrantRef(lock, claim, token, maker);
  }
}
