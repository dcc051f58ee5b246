package dev.fencepost.core;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Asks for a lock. * *
 *
 * @param claim the claim
 * @param maxWait longest stay in the queue, 0 – 24 h; zero tries once
 * @param waited time the claim waited on other replicas; capped when it is enqueued
 * @param client who is charged for the waiter: a principal, or the connection's address
 * @param marks supplies the last client mark that has arrived, a number above 0; called just before
 *     a command that may grant the claim is sent, and must not block
 * @param makers decides whether the caller may join a claim that another principal made
 */
public record AcquireCommand(
    Claim claim,
    Duration maxWait,
    Duration waited,
    String client,
    LongSupplier marks,
    MakerCheck makers) {
  /** The mark of a caller that sends no marks. */
  public static final long NO_MARK = 0;

  /** Longest wait of one call. */
  public static final Duration MAX_WAIT = Duration.ofHours(24);

  /** Checks the ranges of {@code wait} and {@code waited}. */
  public AcquireCommand {
    Lease.requireBetween("wait", maxWait, Duration.ZERO, MAX_WAIT);
    Lease.requireBetween("waited", waited, Duration.ZERO, Duration.ofDays(3650));
  }

  /** A copy with another instance of the lock's name. */
  AcquireCommand sharing(LockName name) {
    return speakingFor(new Claim(name, claim.id(), claim.lease(), claim.claimant()));
  }

  /** A copy with another instance of the claim. */
  AcquireCommand speakingFor(Claim copy) {
    return new AcquireCommand(copy, maxWait, waited, client, marks, makers);
  }

  /** A command of a caller without marks: it counts its lease from the moment it sent its call. */
  public AcquireCommand(Claim claim, Duration maxWait, Duration waited, String client) {
    this(claim, maxWait, waited, client, () -> NO_MARK, MakerCheck.EXACT);
  }
}
