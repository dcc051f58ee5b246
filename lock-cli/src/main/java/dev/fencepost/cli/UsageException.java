package dev.fencepost.cli;

/** The command line does not make sense as a whole; nothing has happened. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }
}
