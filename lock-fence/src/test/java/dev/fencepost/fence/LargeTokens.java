package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;

/** Tokens as large as those of stores. As floating-point numbers, neighbours would be equal. */
final class LargeTokens {

  /** Above 2^53, and odd, so that rounding to a double changes it. */
  static final long BASE = 1_800_000_000_000_000_001L;

  private LargeTokens() {}

  static FencingToken token(long i) {
    return new FencingToken(BASE + i);
  }
}
