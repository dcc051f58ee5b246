package dev.fencepost.server.service;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.server.metrics.LockMetrics;
import java.util.concurrent.CompletionStage;

/** Ends claims and counts what became of them. Thread-safe. */
final class Releases {
  private final LockCoordinator coordinator;
  private final LockMetrics metrics;
  private final HeldGrants held;

  Releases(LockCoordinator coordinator, LockMetrics metrics, HeldGrants held) {
    this.coordinator = coordinator;
    this.metrics = metrics;
    this.held = held;
  }

  CompletionStage<Release> release(ReleaseCommand order) {
    // Before it happens: the hand-over that comes with it is no loss to tell the holder of.
    order
        .token()
        .ifPresentOrElse(
            token -> held.ended(new GrantRef(order.lock(), order.claim(), token)),
            () -> held.ended(order.lock(), order.claim()));
    return coordinator
        .release(order)
        .whenComplete(
            (release, failure) -> {
              if (failure == null) {
                metrics.released(release);
              } else {
                metrics.releaseFailed();
              }
            });
  }
}
