package dev.fencepost.lock;

import java.util.function.Function;

/** What a release did. */
public sealed interface Release {

  /** The grant is ended by this call. */
  record Released() implements Release {}

  /** A release without a token found no grant of the claim: it waits no longer, if it ever did. */
  record Withdrawn() implements Release {}

  /**
   * That grant had ended before; at most what was left of its lock delay is ended.
   *
   * @param reason why, as far as the store knows
   */
  record NotHeld(LossReason reason) implements Release {}

  /** Handles each case. */
  default <T> T fold(
      Function<Released, T> released,
      Function<Withdrawn, T> withdrawn,
      Function<NotHeld, T> notHeld) {
    if (this instanceof Released r) {
      return released.apply(r);
    }
    return this instanceof Withdrawn w ? withdrawn.apply(w) : notHeld.apply((NotHeld) this);
  }
}
