package dev.fencepost.client;

import java.util.function.Function;

/**
 * What became of a claim. An exception is made by whoever asks, so that its trace shows the
 * caller's thread.
 */
sealed interface AcquireOutcome {

  /** The lock is held. */
  record Held(LockHandleImpl handle) implements AcquireOutcome {}

  /** The server says no. */
  record Refused(AcquireRefusal refusal) implements AcquireOutcome {}

  /** Nobody knows, or the request was not allowed. */
  record Failed(CallFailure callFailure) implements AcquireOutcome {}

  /** Handles each case. */
  default <T> T fold(
      Function<Held, T> held, Function<Refused, T> refused, Function<Failed, T> failed) {
    if (this instanceof Held h) {
      return held.apply(h);
    }
    return this instanceof Refused r ? refused.apply(r) : failed.apply((Failed) this);
  }
}
