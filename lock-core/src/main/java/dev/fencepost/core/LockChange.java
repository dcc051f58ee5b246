package dev.fencepost.core;

import dev.fencepost.lock.LockState;

/**
 * A watched lock's new state.
 *
 * @param kind what happened, as far as known; a hint
 * @param state the truth
 */
public record LockChange(Kind kind, LockState state) {
  /** What happened to a lock. */
  public enum Kind {
    /** Part of the first picture. */
    STATE,
    /** A new grant. */
    GRANTED,
    /** Given back. */
    RELEASED,
    /** Its lease ran out. */
    EXPIRED,
    /** Ended by an administrator. */
    REVOKED,
    /** Several changes merged, or none of the above. */
    OTHER
  }
}
