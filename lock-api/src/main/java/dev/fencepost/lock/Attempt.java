package dev.fencepost.lock;

import java.util.function.Function;

/** The store's answer to a claim. */
public sealed interface Attempt {

  /** The claim holds the lock. */
  record Granted(Grant grant) implements Attempt {}

  /** The claim does not hold the lock; {@code state} is the lock's state at that moment. */
  record Busy(LockState state) implements Attempt {}

  /** The claim holds the lock, but another principal made it. */
  record ForeignClaim(OtherPrincipal maker) implements Attempt {}

  /** Handles each case. */
  default <T> T fold(
      Function<Granted, T> granted, Function<Busy, T> busy, Function<ForeignClaim, T> foreign) {
    if (this instanceof Granted g) {
      return granted.apply(g);
    }
    return this instanceof Busy b ? busy.apply(b) : foreign.apply((ForeignClaim) this);
  }
}
