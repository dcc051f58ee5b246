package dev.fencepost.lock;

import java.time.Duration;
import java.util.Optional;

/**
 * An administrator's command that ends a lock's grant, regardless of its holder. * * *
 *
 * @param lock the lock
 * @param reason 1–512 bytes of UTF-8; sent to the holder and audited
 * @param ifToken acts only if the present grant has this token; without a present grant nothing is
 *     done
 * @param closeFor keeps the lock closed for this time. Empty: the rest of the holder's lease and
 *     delay. Zero: the lock is free at once although the old holder may still be working; only the
 *     replica that was asked, and the closed lock while it is reserved for the next queued replica,
 *     tell the holder of the revocation. On a closed lock a given time replaces the closing time in
 *     force, unless a token is named.
 */
public record ForceReleaseCommand(
    LockName lock, String reason, Optional<FencingToken> ifToken, Optional<Duration> closeFor) {
  /** Longest reason, in bytes of UTF-8. */
  public static final int MAX_REASON_BYTES = 512;

  /** Checks the limits and throws {@link InvalidValueException} naming the invalid field. */
  public ForceReleaseCommand {
    requireReason(reason);
    closeFor.ifPresent(
        time ->
            Lease.requireBetween("close_for", time, Duration.ZERO, ReleaseCommand.MAX_CLOSE_FOR));
  }

  /** Checks an administrator's reason: 1–512 bytes of UTF-8. */
  public static String requireReason(String reason) {
    return TextLimits.requireName("reason", reason, MAX_REASON_BYTES);
  }
}
