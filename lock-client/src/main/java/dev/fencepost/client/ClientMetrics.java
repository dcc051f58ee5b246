package dev.fencepost.client;

import dev.fencepost.lock.LossReason;
import java.util.function.IntSupplier;

/**
 * Receives the counts of a client. It is called on the client's own threads, so implementations
 * must be quick and must never block. Each method does nothing unless overridden. {@link
 * MicrometerMetrics} is the usual implementation.
 */
public interface ClientMetrics {
  /** Counts nothing. */
  ClientMetrics NONE = new ClientMetrics() {};

  /**
   * Called when a claim ended.
   *
   * @param outcome {@code granted}, {@code not_granted}, {@code unavailable}, {@code failed} or
   *     {@code withdrawn}
   * @param tookNanos time from the call to its end
   */
  default void acquireEnded(String outcome, long tookNanos) {}

  /**
   * Called when a renewal was answered.
   *
   * @param outcome {@code renewed}, {@code lost} or {@code failed}
   */
  default void renewalEnded(String outcome) {}

  /** Called when a handle was lost. */
  default void lockLost(LossReason reason) {}

  /** Called when a handle was never closed and is no longer reachable. */
  default void handleLeaked() {}

  /**
   * Called once, with suppliers of the current numbers.
   *
   * @param held locks that are held
   * @param waiting claims without an answer
   * @param sessions open streams
   */
  default void watch(IntSupplier held, IntSupplier waiting, IntSupplier sessions) {}
}
