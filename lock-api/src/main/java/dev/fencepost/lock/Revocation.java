package dev.fencepost.lock;

import java.util.Optional;
import java.util.function.Function;

/** The answer to a forced release. */
public sealed interface Revocation {

  /**
   * The grant is ended. * *
   *
   * @param former the former holder
   * @param closing the closing record's own token, to raise fence marks with; empty if the lock was
   *     not closed
   */
  record Revoked(Holder former, Optional<FencingToken> closing) implements Revocation {}

  /**
   * No claim held it. A closing time without a token replaced the one of a closed lock; otherwise
   * nothing changed.
   */
  record NotHeld() implements Revocation {}

  /** The present grant is not the named one; nothing changed. */
  record TokenMismatch(Holder current) implements Revocation {}

  /** Handles each case. */
  default <T> T fold(
      Function<Revoked, T> revoked,
      Function<NotHeld, T> notHeld,
      Function<TokenMismatch, T> mismatch) {
    if (this instanceof Revoked r) {
      return revoked.apply(r);
    }
    return this instanceof NotHeld n ? notHeld.apply(n) : mismatch.apply((TokenMismatch) this);
  }
}
