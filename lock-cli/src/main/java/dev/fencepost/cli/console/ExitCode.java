package dev.fencepost.cli.console;

import io.grpc.Status;

/** Exit codes of the process; the numbers above 63 follow {@code sysexits.h}. */
public enum ExitCode {
  /** Yes, or done. */
  DONE(0),
  /** No: the token is stale or not current, the lock has no token, or it was not held. */
  NO(1),
  /** The command line, or a value on it, is wrong. */
  USAGE(64),
  /** No server or store answered in time; the outcome is unknown. */
  UNAVAILABLE(69),
  /** The lock was not granted. */
  NOT_GRANTED(75),
  /** The lock was lost, or was not held. */
  LOST(76),
  /** The server denies the caller this operation. */
  NOT_ALLOWED(77),
  /** The server's configuration is wrong. */
  CONFIGURATION(78),
  /** The command of {@code run} cannot be executed. */
  CANNOT_EXECUTE(126);

  private static final int SIGNALLED = 128;

  private final int code;

  ExitCode(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  /** The code of a process that was ended by a signal. */
  public static int ofSignal(int number) {
    return SIGNALLED + number;
  }

  /** The exit code for a failed call. */
  public static ExitCode of(Status status) {
    return switch (status.getCode()) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> USAGE;
      case UNAUTHENTICATED, PERMISSION_DENIED -> NOT_ALLOWED;
      default -> UNAVAILABLE;
    };
  }
}
