package dev.fencepost.client;

import dev.fencepost.lock.LossReason;
import java.util.function.IntSupplier;

/**
 * What a client counts. Called on the client's own threads, so implementations are quick and never
 * block; each method does nothing unless overridden. {@link MicrometerMetrics} is the usual one.
 */
public interface ClientMetrics {
  /** Counts nothing. */
  ClientMetrics NONE = new ClientMetrics() {};

  /**
   * A claim ended.
   *
   * @param outcome {@code granted}, {@code not_granted}, {@code unavailable}, {@code failed} or
   *     {@code withdrawn}
   * @param tookNanos from the call to its end
   */
  default void acquireEnded(String outcome, long tookNanos) {}

  /**
   * A renewal was answered.
   *
   * @param outcome {@code renewed}, {@code lost} or {@code failed}
   */
  default void renewalEnded(String outcome) {}

  /** A handle was lost. */
  default void lockLost(LossReason reason) {}

  /** A handle was never closed, and nobody has it any more. */
  default void handleLeaked() {}

  /**
   * Called once: what there is at the moment.
   *
   * @param held locks that are held
   * @param waiting claims that have no answer yet
   * @param sessions streams that are open
   */
  default void watch(IntSupplier held, IntSupplier waiting, IntSupplier sessions) {}
}
