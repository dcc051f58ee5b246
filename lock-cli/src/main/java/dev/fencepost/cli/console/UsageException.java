package dev.fencepost.cli.console;

/** The command line does not make sense as a whole; nothing has happened. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UsageException(String message) {
    super(message);
  }
}
