package dev.fencepost.client;

/**
 * No server could be reached, or none could reach its store, or the answer did not come in time.
 * The lock is not held by this caller; a grant that may have been made meanwhile is given back as
 * soon as a server can be reached, and ends with its lease at the latest.
 */
public final class UnavailableException extends FencepostException {
  private static final long serialVersionUID = 1L;

  private final boolean isOutcomeUnknown;

  public UnavailableException(String message, boolean isOutcomeUnknown) {
    super(message);
    this.isOutcomeUnknown = isOutcomeUnknown;
  }

  /** Whether the operation may have been carried out nevertheless. */
  public boolean isOutcomeUnknown() {
    return isOutcomeUnknown;
  }
}
