package dev.fencepost.lock;

import java.time.Duration;
import java.time.Instant;

/**
 * A holder as others may see it; never its claim id. *
 *
 * @param claimant the public part of its claim
 * @param claimTag tells claims apart and gives no right to them
 * @param token its fencing token
 * @param remainingAtMost upper bound of the lease left
 * @param acquiredAt when the grant was made, for people
 */
public record Holder(
    Claimant claimant,
    String claimTag,
    FencingToken token,
    Duration remainingAtMost,
    Instant acquiredAt) {}
