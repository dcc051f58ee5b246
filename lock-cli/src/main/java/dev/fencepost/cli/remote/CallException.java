package dev.fencepost.cli.remote;

import dev.fencepost.cli.console.ExitCode;
import dev.fencepost.cli.console.ServerAddress;
import io.grpc.Status;
import java.net.ConnectException;
import java.net.UnknownHostException;

/** A call failed on all servers or was refused; its effect may be unknown. */
public final class CallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Status status;
  private final boolean isTlsFailure;

  /**
   * Reports the last failure of a call.
   *
   * @param server the server that was called last
   */
  CallException(ServerAddress server, Status status) {
    super(describe(server, status), status.getCause());
    this.status = status;
    this.isTlsFailure = false;
  }

  private CallException(String message, Status status) {
    super(message, status.getCause());
    this.status = status;
    this.isTlsFailure = true;
  }

  /** Reports that the server and this client do not agree on a connection. */
  static CallException ofTls(ServerAddress server, Status status, String why) {
    return new CallException(server + ": " + why, status);
  }

  /** True if client and server do not agree on TLS, so that the call had no effect. */
  boolean isTlsFailure() {
    return isTlsFailure;
  }

  Status status() {
    return status;
  }

  public ExitCode exitCode() {
    return isTlsFailure ? ExitCode.NOT_ALLOWED : ExitCode.of(status);
  }

  /** True if the call certainly never reached a server, so that it had no effect. */
  boolean isUnsent() {
    return isUnsent(status);
  }

  static boolean isUnsent(Status status) {
    for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException || cause instanceof UnknownHostException) {
        return true;
      }
    }
    return false;
  }

  private static String describe(ServerAddress server, Status status) {
    String description = status.getDescription();
    if (isUnsent(status)) {
      return "no server at " + server + " (" + rootMessage(status) + ")";
    }
    if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
      return server + " did not answer in time (see --timeout)";
    }
    return server
        + " answered "
        + status.getCode()
        + (description == null ? "" : ": " + description);
  }

  private static String rootMessage(Status status) {
    Throwable cause = status.getCause();
    while (cause != null && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause == null ? status.getCode().toString() : String.valueOf(cause.getMessage());
  }
}
