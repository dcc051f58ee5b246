package dev.fencepost.server.service;

import dev.fencepost.core.Coordinator;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseOrder;
import dev.fencepost.server.metrics.LockMetrics;
import java.util.concurrent.CompletionStage;

/** Ends claims and counts what became of them. Thread-safe. */
final class Releases {
  private final Coordinator coordinator;
  private final LockMetrics metrics;

  Releases(Coordinator coordinator, LockMetrics metrics) {
    this.coordinator = coordinator;
    this.metrics = metrics;
  }

  CompletionStage<Release> release(ReleaseOrder order) {
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
