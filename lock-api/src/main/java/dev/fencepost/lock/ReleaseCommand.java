package dev.fencepost.lock;

import java.time.Duration;
import java.util.Optional;

/**
 * Asks to end a claim. * * *
 *
 * @param lock the lock
 * @param claim the claim's secret id
 * @param token set: ends only that grant; empty: ends any grant of the claim
 * @param closeFor keeps the lock closed for everybody for this time afterwards; 0 – 24 h
 * @param principal the principal that made the claim, compared with the one on record; empty where
 *     nobody authenticates
 */
public record ReleaseCommand(
    LockName lock,
    ClaimId claim,
    Optional<FencingToken> token,
    Duration closeFor,
    String principal) {
  /** Longest closing time. */
  public static final Duration MAX_CLOSE_FOR = Duration.ofHours(24);

  /** Checks the range of {@code closeFor}. */
  public ReleaseCommand {
    Lease.requireBetween("close_for", closeFor, Duration.ZERO, MAX_CLOSE_FOR);
  }

  /** Ends one grant; the lock is free for the next claim at once. */
  public static ReleaseCommand of(GrantRef grant) {
    return new ReleaseCommand(
        grant.lock(), grant.claim(), Optional.of(grant.token()), Duration.ZERO, grant.principal());
  }

  /** Ends any grant and any wait of the claim, for callers whose acquire got no answer. */
  public static ReleaseCommand withdrawal(LockName lock, ClaimId claim) {
    return new ReleaseCommand(lock, claim, Optional.empty(), Duration.ZERO, "");
  }

  /** Returns the same command for a claim that was made by this principal. */
  public ReleaseCommand madeBy(String maker) {
    return maker.equals(principal) ? this : new ReleaseCommand(lock, claim, token, closeFor, maker);
  }
}
