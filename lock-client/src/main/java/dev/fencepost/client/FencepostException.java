package dev.fencepost.client;

/**
 * An error that callers of the SDK may have to handle and cannot prevent. Values outside their
 * limits are {@link dev.fencepost.lock.InvalidValueException}s instead.
 */
public class FencepostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception with a message for people. */
  public FencepostException(String message) {
    super(message);
  }
}
