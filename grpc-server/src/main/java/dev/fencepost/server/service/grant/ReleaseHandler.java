package dev.fencepost.server.service.grant;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.core.MakerCheck;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.server.metrics.LockMetrics;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.ServiceContext;
import java.util.concurrent.CompletionStage;

/** Releases or withdraws claims and counts the outcomes. Thread-safe. */
public final class ReleaseHandler {
  private final LockCoordinator coordinator;
  private final LockMetrics metrics;
  private final HeldGrants grants;
  private final GrantAudit audit;
  private final HolderTurns turns = new HolderTurns();
  private final GrantAccess allowedGrants;

  public ReleaseHandler(LockCoordinator coordinator, ServiceContext context, HeldGrants grants) {
    this.coordinator = coordinator;
    this.metrics = context.metrics();
    this.grants = grants;
    this.audit = new GrantAudit(context.audit());
    this.allowedGrants = new GrantAccess(context.policy().maxTtl());
  }

  /**
   * Releases or withdraws a claim.
   *
   * @param client the client that calls
   * @throws dev.fencepost.server.service.access.AccessRefusedException if the caller may not close
   *     the lock for so long
   */
  public CompletionStage<Release> release(
      CallAccess access, ReleaseCommand command, String client) {
    allowedGrants.requireRelease(access, command);
    // First, because the hand-over that a release causes is no loss that the holder is notified of.
    grants.forget(command, access::isMaker);
    MakerCheck makers = allowedGrants.makers(access, command.lock());
    return turns
        .start(client, command.lock(), () -> coordinator.release(command, makers))
        .whenComplete(
            (release, failure) -> {
              if (failure == null) {
                metrics.recordRelease(release);
                audit.recordRelease(access, client, command, release);
              } else {
                metrics.recordReleaseFailure();
                allowedGrants.recordFailure(access, command.lock(), failure);
              }
            });
  }
}
