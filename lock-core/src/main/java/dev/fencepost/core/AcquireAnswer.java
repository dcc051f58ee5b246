package dev.fencepost.core;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.LockState;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/** The answer to an acquire. Not knowing is an exception, not an answer. */
public sealed interface AcquireAnswer {

  /**
   * The claim holds the lock.
   *
   * @param grant its grant
   * @param mark the last of the caller's marks that had arrived before the store was asked, which
   *     was after the call came; {@link AcquireCommand#NO_MARK} if none had
   */
  record Granted(Grant grant, long mark) implements AcquireAnswer {}

  /**
   * The claim does not hold the lock and is in no queue.
   *
   * @param reason why
   * @param state how the lock stood when last seen; empty if it was never looked at
   * @param waited how long the claim stood in line, here and elsewhere
   */
  record NotGranted(Reason reason, Optional<LockState> state, Duration waited)
      implements AcquireAnswer {}

  /** Why a claim was not granted. */
  enum Reason {
    /** Held by another, and the claim did not want to wait. */
    BUSY,
    /** Still not free when the wait was over. */
    TIMED_OUT,
    /** Held by nobody, but closed for a while yet. */
    CLOSED,
    /** The claim was released while it waited. */
    WITHDRAWN
  }

  /** Handles each case. */
  default <T> T fold(Function<Granted, T> granted, Function<NotGranted, T> notGranted) {
    return this instanceof Granted g ? granted.apply(g) : notGranted.apply((NotGranted) this);
  }
}
