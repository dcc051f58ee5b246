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

  /** The grant stands, because another principal made it. */
  record ForeignRelease(OtherPrincipal maker) implements Release {}

  /** Handles each case. */
  default <T> T fold(
      Function<Released, T> released,
      Function<Withdrawn, T> withdrawn,
      Function<NotHeld, T> notHeld,
      Function<ForeignRelease, T> foreign) {
    if (this instanceof Released r) {
      return released.apply(r);
    }
    if (this instanceof Withdrawn w) {
      return withdrawn.apply(w);
    }
    return this instanceof NotHeld n ? notHeld.apply(n) : foreign.apply((ForeignRelease) this);
  }
}
