package dev.fencepost.lock;

/**
 * The sharing mode of a grant. It is stored in the record so that later versions can tell their
 * modes from this one.
 */
public enum LockMode {
  /** One holder only. */
  EXCLUSIVE
}
