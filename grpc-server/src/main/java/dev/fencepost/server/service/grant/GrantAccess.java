package dev.fencepost.server.service.grant;

import dev.fencepost.lock.Claim;
import dev.fencepost.lock.ClaimId;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.server.security.AccessOperation;
import dev.fencepost.server.service.access.CallAccess;
import java.time.Duration;

/**
 * Checks who may acquire, renew and release. A grant whose maker this replica knows is renewed and
 * released by the maker only, or by a principal with <em>operate</em>. Thread-safe.
 */
public final class GrantAccess {
  private final HeldGrants grants;
  private final Duration longestClosing;

  /**
   * Creates the checks.
   *
   * @param longestClosing longest {@code close_for} that needs no right of its own
   */
  public GrantAccess(HeldGrants grants, Duration longestClosing) {
    this.grants = grants;
    this.longestClosing = longestClosing;
  }

  /** Checks an acquire. A claim that stands under another principal is never joined. */
  public void requireAcquire(CallAccess access, Claim claim) {
    access.require(AccessOperation.ACQUIRE, claim.lock().value());
    requireMaker(access, claim.lock(), claim.id());
  }

  /** Checks a renewal. A credential that has ended renews for the grace. */
  public void requireRenew(CallAccess access, GrantRef grant) {
    access.requireWithinGrace();
    String name = grant.lock().value();
    if (!access.allows(AccessOperation.OPERATE, name)) {
      if (!access.allows(AccessOperation.ACQUIRE, name)) {
        throw access.refusal(AccessOperation.ACQUIRE.word(), name);
      }
      requireMaker(access, grant.lock(), grant.claim());
    }
  }

  /** Checks a release. Giving back is never refused to the maker. */
  public void requireRelease(CallAccess access, ReleaseCommand command) {
    access.requireWithinGrace();
    String name = command.lock().value();
    if (command.closeFor().compareTo(longestClosing) > 0) {
      access.require(AccessOperation.CLOSE, name);
    }
    if (!access.allows(AccessOperation.OPERATE, name)) {
      requireMaker(access, command.lock(), command.claim());
    }
  }

  private void requireMaker(CallAccess access, LockName lock, ClaimId claim) {
    if (!grants.makerOf(lock, claim).map(access::isCaller).orElse(true)) {
      throw access.otherPrincipal(lock.value());
    }
  }
}
