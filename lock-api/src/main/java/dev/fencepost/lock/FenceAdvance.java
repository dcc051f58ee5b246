package dev.fencepost.lock;

import java.util.function.Function;

/** The answer of a resource's high-water mark to a token. */
public sealed interface FenceAdvance {

  /** Passed, and the mark rose to the token. */
  record Advanced(FencingToken mark) implements FenceAdvance {}

  /** Passed, equal to the mark. */
  record Unchanged(FencingToken mark) implements FenceAdvance {}

  /** Refused: below the mark, which stays. */
  record Stale(FencingToken mark) implements FenceAdvance {}

  /**
   * Refused: more than a day ahead of the store's present token, so that a typing error cannot
   * close a resource for ever.
   *
   * @param highest the highest token that would be accepted now
   */
  record TooFarAhead(long highest) implements FenceAdvance {}

  /** Handles each case. */
  default <T> T fold(
      Function<Advanced, T> advanced,
      Function<Unchanged, T> unchanged,
      Function<Stale, T> stale,
      Function<TooFarAhead, T> tooFarAhead) {
    if (this instanceof Advanced a) {
      return advanced.apply(a);
    }
    if (this instanceof Unchanged u) {
      return unchanged.apply(u);
    }
    return this instanceof Stale s ? stale.apply(s) : tooFarAhead.apply((TooFarAhead) this);
  }
}
