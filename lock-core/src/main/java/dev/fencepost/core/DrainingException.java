package dev.fencepost.core;

import java.time.Duration;

/**
 * The replica is going: the claim was refused, or withdrawn from its queue. Go to another at once.
 */
public final class DrainingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Duration waited;

  /** Reports how long the claim stood in line, to be sent on as {@code waited}. */
  public DrainingException(Duration waited) {
    super("this replica is draining: go to another one");
    this.waited = waited;
  }

  /** How long the claim stood in line here and elsewhere. */
  public Duration waited() {
    return waited;
  }
}
