package dev.fencepost.lock;

/**
 * One attempt to own a lock. * *
 *
 * @param lock the wanted lock
 * @param id the attempt's secret
 * @param lease the lease asked for
 * @param claimant the caller, as others may see it
 */
public record Claim(LockName lock, ClaimId id, Lease lease, Claimant claimant) {}
