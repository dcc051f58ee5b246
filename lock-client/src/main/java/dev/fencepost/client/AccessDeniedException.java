package dev.fencepost.client;

/** The server does not allow this client to do it. Nothing has happened. */
public final class AccessDeniedException extends FencepostException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message for people. */
  public AccessDeniedException(String message) {
    super(message);
  }
}
