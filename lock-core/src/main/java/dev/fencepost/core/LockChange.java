package dev.fencepost.core;

import dev.fencepost.lock.LockState;

/**
 * A watched lock's new state. * *
 *
 * @param kind the kind of change, as far as known; a hint
 * @param state the new state; this is authoritative
 */
public record LockChange(Kind kind, LockState state) {
  /** The kind of a change. */
  public enum Kind {
    /** Part of the initial snapshot. */
    STATE,
    /** A new grant. */
    GRANTED,
    /** The grant was released. */
    RELEASED,
    /** Its lease ran out. */
    EXPIRED,
    /** Ended by an administrator. */
    REVOKED,
    /** Several changes merged, or none of the above. */
    OTHER
  }
}
