package dev.fencepost.core;

import dev.fencepost.lock.LockName;

/**
 * The claim was made by another principal, and the caller may not act for it. Nothing has happened.
 */
public final class OtherPrincipalException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates a refusal of a command on this lock. */
  public OtherPrincipalException(LockName lock) {
    super("the claim on \"" + lock + "\" belongs to another principal");
  }
}
