package dev.fencepost.lock;

import java.util.function.Function;

/** The answer to a release. */
public sealed interface Release {

  /** The grant is ended by this call. */
  record Released() implements Release {}

  /** A release without a token found no grant of the claim. The claim does not wait any more. */
  record Withdrawn() implements Release {}

  /**
   * The grant had ended before. At most the rest of its lock delay was ended.
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
