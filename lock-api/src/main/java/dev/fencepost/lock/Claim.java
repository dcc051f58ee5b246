package dev.fencepost.lock;

/**
 * One attempt to own a lock.
 *
 * @param lock what is wanted
 * @param id the attempt's secret
 * @param lease the lease asked for
 * @param claimant who asks
 */
public record Claim(LockName lock, ClaimId id, Lease lease, Claimant claimant) {}
