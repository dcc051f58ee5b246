package dev.fencepost.server;

/** The server cannot start as it is configured. The message is one line for the operator. */
public final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Reports why. */
  public StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
