package dev.fencepost.cli.console;

/** The command line is invalid; the command has done nothing. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UsageException(String message) {
    super(message);
  }
}
