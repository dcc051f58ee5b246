package dev.fencepost.core;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Asks for a lock.
 *
 * @param claim the claim
 * @param maxWait longest stay in the queue, 0 – 24 h; zero tries once
 * @param waited how long the claim stood in line elsewhere; capped when it is given a place
 * @param client who is charged for the waiter: a principal, or the connection's address
 * @param marks the last of the caller's marks that has arrived, a number above 0; read, without
 *     blocking, just before a command that may grant the claim is sent
 */
public record AcquireCommand(
    Claim claim, Duration maxWait, Duration waited, String client, LongSupplier marks) {
  /** What the marks of a caller are who sends none. */
  public static final long NO_MARK = 0;

  /** Longest wait of one call. */
  public static final Duration MAX_WAIT = Duration.ofHours(24);

  /** Checks the ranges of {@code wait} and {@code waited}. */
  public AcquireCommand {
    Lease.requireBetween("wait", maxWait, Duration.ZERO, MAX_WAIT);
    Lease.requireBetween("waited", waited, Duration.ZERO, Duration.ofDays(3650));
  }

  /** The same order, with another copy of its lock's name. */
  AcquireCommand sharing(LockName name) {
    return speakingFor(new Claim(name, claim.id(), claim.lease(), claim.claimant()));
  }

  /** The same order, with another copy of its claim. */
  AcquireCommand speakingFor(Claim copy) {
    return new AcquireCommand(copy, maxWait, waited, client, marks);
  }

  /** An order of a caller without marks, who counts its lease from when it sent its call. */
  public AcquireCommand(Claim claim, Duration maxWait, Duration waited, String client) {
    this(claim, maxWait, waited, client, () -> NO_MARK);
  }
}
