package dev.fencepost.lock;

/** Why a grant ended. */
public enum LossReason {
  /** The lease ran out; nobody else was granted as far as known. */
  EXPIRED,
  /** The lease ran out and another was granted since. */
  SUPERSEDED,
  /** Given back by its own claim. */
  RELEASED,
  /** Ended by an administrator. */
  REVOKED
}
