package dev.fencepost.core;

import java.time.Duration;

/**
 * The replica is draining: the claim was refused, or withdrawn from its queue. Retry on another
 * replica at once.
 */
public final class DrainingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Duration waited;

  /**
   * Creates the exception with the time the claim waited, which the caller passes on as {@code
   * waited}.
   */
  public DrainingException(Duration waited) {
    super("this replica is draining: go to another one");
    this.waited = waited;
  }

  /** Returns the time in the queue, here and on other replicas. */
  public Duration waited() {
    return waited;
  }
}
