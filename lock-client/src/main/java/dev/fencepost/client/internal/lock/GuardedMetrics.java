package dev.fencepost.client.internal.lock;

import dev.fencepost.client.ClientMetrics;
import dev.fencepost.lock.LossReason;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Catches exceptions of the user's metrics: a failure to count must not cost a lock. */
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

  /** Not guarded: it runs while a client is built, so that the user sees its exceptions. */
  @Override
  public void watch(IntSupplier held, IntSupplier waiting, IntSupplier sessions) {
    metrics.watch(held, waiting, sessions);
  }
}
