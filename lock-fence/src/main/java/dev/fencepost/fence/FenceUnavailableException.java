package dev.fencepost.fence;

/**
 * Thrown if a mark could not be read. It is unknown whether the token may pass, so it does not: the
 * guarded work was not begun.
 */
public final class FenceUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Reports why the mark could not be read. */
  public FenceUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
