package dev.fencepost.core;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Lease;
import java.time.Duration;

/**
 * Asks for a lock.
 *
 * @param claim the claim
 * @param maxWait longest stay in the queue, 0 – 24 h; zero tries once
 * @param waited how long the claim stood in line elsewhere; capped when it is given a place
 * @param client who is charged for the waiter: a principal, or the connection's address
 */
public record AcquireOrder(Claim claim, Duration maxWait, Duration waited, String client) {
  /** Longest wait of one call. */
  public static final Duration MAX_WAIT = Duration.ofHours(24);

  /** Checks the ranges of {@code wait} and {@code waited}. */
  public AcquireOrder {
    Lease.requireBetween("wait", maxWait, Duration.ZERO, MAX_WAIT);
    Lease.requireBetween("waited", waited, Duration.ZERO, Duration.ofDays(3650));
  }
}
