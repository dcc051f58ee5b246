package dev.fencepost.client.internal.lock;

import dev.fencepost.client.ClientMetrics;
import dev.fencepost.lock.LossReason;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Metrics of the user's, which may throw: no lock is lost because of what is only counted. */
final class GuardedMetrics implements ClientMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(GuardedMetrics.class);

  private final ClientMetrics metrics;

  GuardedMetrics(ClientMetrics metrics) {
    this.metrics = metrics;
  }

  @Override
  public void acquireEnded(String outcome, long tookNanos) {
    guard(() -> metrics.acquireEnded(outcome, tookNanos));
  }

  @Override
  public void renewalEnded(String outcome) {
    guard(() -> metrics.renewalEnded(outcome));
  }

  @Override
  public void lockLost(LossReason reason) {
    guard(() -> metrics.lockLost(reason));
  }

  @Override
  public void handleLeaked() {
    guard(metrics::handleLeaked);
  }

  private static void guard(Runnable count) {
    try {
      count.run();
    } catch (RuntimeException | Error e) {
      LOG.error("the client's metrics failed", e);
    }
  }

  /** Not guarded: it is called while a client is built, and its user sees what it throws. */
  @Override
  public void watch(IntSupplier held, IntSupplier waiting, IntSupplier sessions) {
    metrics.watch(held, waiting, sessions);
  }
}
