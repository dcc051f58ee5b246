package dev.fencepost.core;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockState;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/** The answer to an acquire. An unknown outcome is an exception, not an answer. */
public sealed interface AcquireAnswer {

  /**
   * The claim holds the lock. *
   *
   * @param grant its grant
   * @param mark the last client mark that arrived after this call and before the store command was
   *     sent; {@link AcquireCommand#NO_MARK} if none arrived
   */
  record Granted(Grant grant, long mark) implements AcquireAnswer {}

  /**
   * The claim does not hold the lock and is in no queue. * *
   *
   * @param reason why
   * @param state the lock's state when last seen; empty if it was never read
   * @param waited time in the queue, here and on other replicas
   */
  record NotGranted(Reason reason, Optional<LockState> state, Duration waited)
      implements AcquireAnswer {}

  /** Why a claim was not granted. */
  enum Reason {
    /** Held by another claim, and this call does not wait. */
    BUSY,
    /** Still not free when the wait ended. */
    TIMED_OUT,
    /** Held by nobody, but still closed. */
    CLOSED,
    /** The claim was released while it waited. */
    WITHDRAWN
  }

  /** Handles each case. */
  default <T> T fold(Function<Granted, T> granted, Function<NotGranted, T> notGranted) {
    return this instanceof Granted g ? granted.apply(g) : notGranted.apply((NotGranted) this);
  }
}
