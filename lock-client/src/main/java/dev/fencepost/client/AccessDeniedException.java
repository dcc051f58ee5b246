package dev.fencepost.client;

/** The server does not allow this client to do it. Nothing has happened. */
public final class AccessDeniedException extends FencepostException {
  private static final long serialVersionUID = 1L;

  public AccessDeniedException(String message) {
    super(message);
  }
}
