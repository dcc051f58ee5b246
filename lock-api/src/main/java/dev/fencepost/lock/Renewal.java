package dev.fencepost.lock;

import java.util.function.Function;

/** The store's answer to a renewal. */
public sealed interface Renewal {

  /** The lease was extended by its own ttl. */
  record Renewed(Grant grant) implements Renewal {}

  /** The grant is gone for good. */
  record Lost(GrantLoss loss) implements Renewal {}

  /** The grant is valid, but another principal made it. */
  record ForeignGrant(OtherPrincipal maker) implements Renewal {}

  /** Handles each case. */
  default <T> T fold(
      Function<Renewed, T> renewed, Function<Lost, T> lost, Function<ForeignGrant, T> foreign) {
    if (this instanceof Renewed r) {
      return renewed.apply(r);
    }
    return this instanceof Lost l ? lost.apply(l) : foreign.apply((ForeignGrant) this);
  }
}
