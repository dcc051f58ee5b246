package dev.fencepost.lock;

import java.util.function.Function;

/** The store's answer to a renewal. */
public sealed interface Renewal {

  /** The lease was extended by its own ttl. */
  record Renewed(Grant grant) implements Renewal {}

  /** The grant is gone for good. */
  record Lost(GrantLoss loss) implements Renewal {}

  /** Handles each case. */
  default <T> T fold(Function<Renewed, T> renewed, Function<Lost, T> lost) {
    return this instanceof Renewed r ? renewed.apply(r) : lost.apply((Lost) this);
  }
}
