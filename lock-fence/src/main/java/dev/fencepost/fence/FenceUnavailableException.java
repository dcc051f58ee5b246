package dev.fencepost.fence;

/**
 * A mark that could not be asked for. Whether the token may pass is not known, so it does not: the
 * guarded work was not begun.
 */
public final class FenceUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Reports what kept the mark from answering. */
  public FenceUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
