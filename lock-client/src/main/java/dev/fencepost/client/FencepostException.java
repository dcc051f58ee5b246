package dev.fencepost.client;

/**
 * What a caller of the SDK may have to deal with and cannot prevent. Values that break their limits
 * are {@link dev.fencepost.lock.InvalidValueException}s instead.
 */
public class FencepostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For people. */
  public FencepostException(String message) {
    super(message);
  }
}
