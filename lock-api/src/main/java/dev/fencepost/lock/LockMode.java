package dev.fencepost.lock;

/**
 * How a grant shares its lock. Kept in the record so that later modes can be told from this one.
 */
public enum LockMode {
  /** Alone. */
  EXCLUSIVE
}
