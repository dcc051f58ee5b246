package dev.fencepost.server.service.grant;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.server.metrics.LockMetrics;
import java.util.concurrent.CompletionStage;

/** Releases or withdraws claims and counts the outcomes. Thread-safe. */
public final class ReleaseHandler {
  private final LockCoordinator coordinator;
  private final LockMetrics metrics;
  private final HeldGrants grants;
  private final HolderTurns turns = new HolderTurns();

  public ReleaseHandler(LockCoordinator coordinator, LockMetrics metrics, HeldGrants grants) {
    this.coordinator = coordinator;
    this.metrics = metrics;
    this.grants = grants;
  }

  /**
   * Releases or withdraws a claim.
   *
   * @param client the client that calls
   */
  public CompletionStage<Release> release(ReleaseCommand command, String client) {
    // First, because the hand-over that a release causes is no loss that the holder is notified of.
    command
        .token()
        .ifPresentOrElse(
            token -> grants.forget(new GrantRef(command.lock(), command.claim(), token)),
            () -> grants.forget(command.lock(), command.claim()));
    return turns
        .start(client, command.lock(), () -> coordinator.release(command))
        .whenComplete(
            (release, failure) -> {
              if (failure == null) {
                metrics.recordRelease(release);
              } else {
                metrics.recordReleaseFailure();
              }
            });
  }
}
