package dev.fencepost.lock;

/** Why a grant ended. */
public enum LossReason {
  /** The lease expired; no later grant is known. */
  EXPIRED,
  /** The lease expired, and another claim was granted the lock since. */
  SUPERSEDED,
  /** Released by its own claim. */
  RELEASED,
  /** Ended by an administrator. */
  REVOKED
}
