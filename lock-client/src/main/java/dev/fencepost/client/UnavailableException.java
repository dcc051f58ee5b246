package dev.fencepost.client;

/**
 * No server could be reached, or none could reach its store, or the answer did not come in time.
 * This caller does not hold the lock. If the lock was granted nevertheless, the SDK releases it as
 * soon as it reaches a server; otherwise the grant ends with its lease.
 */
public final class UnavailableException extends FencepostException {
  private static final long serialVersionUID = 1L;

  private final boolean isOutcomeUnknown;

  /** Creates the exception with a message for people. */
  public UnavailableException(String message, boolean isOutcomeUnknown) {
    super(message);
    this.isOutcomeUnknown = isOutcomeUnknown;
  }

  /** Whether the operation may have been carried out nevertheless. */
  public boolean isOutcomeUnknown() {
    return isOutcomeUnknown;
  }
}
