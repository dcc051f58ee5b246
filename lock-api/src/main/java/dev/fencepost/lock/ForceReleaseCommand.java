package dev.fencepost.lock;

import java.time.Duration;
import java.util.Optional;

/**
 * An administrator's order to end a lock's grant, whoever holds it.
 *
 * @param lock the lock
 * @param reason 1–512 bytes of UTF-8; told to the holder and audited
 * @param ifToken only if the standing grant has this token; where none stands nothing is done
 * @param closeFor keep the lock closed this long; empty: what is left of its lease and delay; zero:
 *     free at once, although the old holder may still be working, and is told of the force only by
 *     the replica that was asked or while the lock is closed for the next in line. On a lock that
 *     is closed already a given time replaces the one in force, if no token is named.
 */
public record ForceReleaseCommand(
    LockName lock, String reason, Optional<FencingToken> ifToken, Optional<Duration> closeFor) {
  /** Longest reason, in bytes of UTF-8. */
  public static final int MAX_REASON_BYTES = 512;

  /** Checks the limits and throws {@link InvalidValueException} naming the field that is off. */
  public ForceReleaseCommand {
    requireReason(reason);
    closeFor.ifPresent(
        time ->
            Lease.requireBetween("close_for", time, Duration.ZERO, ReleaseCommand.MAX_CLOSE_FOR));
  }

  /** The reason of an administrator's act, if it is one: 1–512 bytes of UTF-8. */
  public static String requireReason(String reason) {
    return TextLimits.requireName("reason", reason, MAX_REASON_BYTES);
  }
}
