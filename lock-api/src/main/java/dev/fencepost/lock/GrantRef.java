package dev.fencepost.lock;

/**
 * Names one grant; the only key that renews or releases it.
 *
 * @param lock the lock
 * @param claim the claim's secret
 * @param token the grant's token
 */
public record GrantRef(LockName lock, ClaimId claim, FencingToken token) {}
