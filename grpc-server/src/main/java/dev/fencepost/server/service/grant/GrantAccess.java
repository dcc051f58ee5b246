package dev.fencepost.server.service.grant;

import dev.fencepost.core.MakerCheck;
import dev.fencepost.core.OtherPrincipalException;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.service.access.CallAccess;
import java.time.Duration;
import java.util.concurrent.CompletionException;

/**
 * Checks who may acquire, renew and release. These rights come before the store is asked. Whose
 * grant it is, the store compares in its own step; a difference is judged by {@link #makers}.
 * Thread-safe.
 */
public final class GrantAccess {
  private final Duration longestClosing;

  /**
   * Creates the checks.
   *
   * @param longestClosing longest {@code close_for} that needs no right of its own
   */
  public GrantAccess(Duration longestClosing) {
    this.longestClosing = longestClosing;
  }

  /** Checks an acquire. */
  public void requireAcquire(CallAccess access, LockName lock) {
    access.require(AccessOperation.ACQUIRE, lock.value());
  }

  /**
   * Checks a renewal: it needs the right to acquire the lock still. A credential that has ended
   * renews for the grace.
   */
  public void requireRenew(CallAccess access, LockName lock) {
    access.requireWithinGrace();
    String name = lock.value();
    if (!access.allows(AccessOperation.OPERATE, name)
        && !access.allows(AccessOperation.ACQUIRE, name)) {
      throw access.refusal(AccessOperation.ACQUIRE.word(), name);
    }
  }

  /** Checks a release. Giving back is never refused to the maker. */
  public void requireRelease(CallAccess access, ReleaseCommand command) {
    access.requireWithinGrace();
    if (command.closeFor().compareTo(longestClosing) > 0) {
      access.require(AccessOperation.CLOSE, command.lock().value());
    }
  }

  /** Returns the check who may renew and release: the maker, or a principal that may operate. */
  public MakerCheck makers(CallAccess access, LockName lock) {
    return recorded ->
        access.isMaker(recorded) || access.allows(AccessOperation.OPERATE, lock.value());
  }

  /** Audits a failure that is the refusal of another principal's claim. */
  public void recordFailure(CallAccess access, LockName lock, Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (cause instanceof OtherPrincipalException) {
      access.recordOtherPrincipal(lock.value());
    }
  }
}
