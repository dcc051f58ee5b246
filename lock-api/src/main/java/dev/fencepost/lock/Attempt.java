package dev.fencepost.lock;

import java.util.function.Function;

/** The store's answer to a claim. */
public sealed interface Attempt {

  /** The claim holds the lock. */
  record Granted(Grant grant) implements Attempt {}

  /** The claim does not hold the lock; {@code state} is the lock's state at that moment. */
  record Busy(LockState state) implements Attempt {}

  /** Handles each case. */
  default <T> T fold(Function<Granted, T> granted, Function<Busy, T> busy) {
    return this instanceof Granted g ? granted.apply(g) : busy.apply((Busy) this);
  }
}
