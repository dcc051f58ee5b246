package dev.fencepost.server.service.access;

/** The caller is known and may not do this. Nothing has happened. */
public final class AccessRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  /**
   * Creates a refusal.
   *
   * @param reason stable word for programs
   */
  public AccessRefusedException(String reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Returns the stable word. */
  public String reason() {
    return reason;
  }
}
