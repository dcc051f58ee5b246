package dev.fencepost.lock;

import java.util.Optional;
import java.util.function.Function;

/** What a forced release did. */
public sealed interface Revocation {

  /**
   * The grant is ended.
   *
   * @param former who held it
   * @param closing the closing record's own token, to raise fence marks with; empty if nothing was
   *     closed
   */
  record Revoked(Holder former, Optional<FencingToken> closing) implements Revocation {}

  /**
   * Nobody held it. A time that was given without a token is the closing time of a lock that was
   * closed; else nothing changed.
   */
  record NotHeld() implements Revocation {}

  /** Another grant holds it than the one named; nothing changed. */
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
