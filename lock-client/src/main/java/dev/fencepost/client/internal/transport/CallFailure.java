package dev.fencepost.client.internal.transport;

import dev.fencepost.client.AccessDeniedException;
import dev.fencepost.client.FencepostException;
import dev.fencepost.client.LimitExceededException;
import dev.fencepost.client.UnavailableException;
import dev.fencepost.proto.v1.Failure;
import io.grpc.Status;
import io.grpc.Status.Code;
import java.time.Duration;

/**
 * A failure that is reported to the caller.
 *
 * @param kind determines the exception
 * @param message for people
 * @param retryAfter shortest time before another try
 */
public record CallFailure(Kind kind, String message, Duration retryAfter) {

  /** The failures that callers can tell apart. */
  public enum Kind {
    /** No server was reached. Nothing can have happened. */
    UNREACHED,
    /** The outcome is unknown. */
    UNKNOWN,
    /** A limit is reached. */
    LIMIT,
    /** The server does not allow it. */
    DENIED,
    /** The server rejects a value. */
    INVALID,
    /** A fault of the server, or a server that is too old. */
    FAULT
  }

  public static CallFailure of(Kind kind, String message) {
    return new CallFailure(kind, message, Duration.ZERO);
  }

  /** Converts a server's answer to one operation. */
  public static CallFailure of(Failure failure) {
    return new CallFailure(
        kind(code(failure)),
        failure.getMessage(),
        ProtoConverter.duration(failure.getRetryAfter()));
  }

  /** Converts the status of a call. */
  public static CallFailure of(Status status) {
    String description = status.getDescription();
    return of(
        kind(status.getCode()), description == null ? status.getCode().toString() : description);
  }

  /** Describes a status for people. */
  static String describe(Status status) {
    String description = status.getDescription();
    String text = description == null ? status.getCode().toString() : description;
    Throwable cause = status.getCause();
    if (cause == null) {
      return text;
    }
    String detail = cause.getMessage();
    return text + " (" + (detail == null ? cause.toString() : detail) + ")";
  }

  private static Kind kind(Code code) {
    return switch (code) {
      case RESOURCE_EXHAUSTED -> Kind.LIMIT;
      case PERMISSION_DENIED, UNAUTHENTICATED -> Kind.DENIED;
      case INVALID_ARGUMENT -> Kind.INVALID;
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> Kind.UNKNOWN;
      default -> Kind.FAULT;
    };
  }

  /** Whether another try may succeed. */
  public boolean isTransient() {
    return kind == Kind.UNKNOWN || kind == Kind.UNREACHED;
  }

  /** Creates the exception for the caller. */
  public RuntimeException toException() {
    return switch (kind) {
      case UNREACHED -> new UnavailableException(message, false);
      case UNKNOWN -> new UnavailableException(message, true);
      case LIMIT -> new LimitExceededException(message, retryAfter);
      case DENIED -> new AccessDeniedException(message);
      case INVALID -> new IllegalArgumentException(message);
      case FAULT -> new FencepostException(message);
    };
  }

  /**
   * Whether the server refused the operation because it drains. Another server accepts it at once.
   */
  public static boolean isDraining(Failure failure) {
    return failure.getReason().equals("DRAINING");
  }

  private static Code code(Failure failure) {
    Code[] codes = Code.values();
    int code = failure.getCode();
    return code < 0 || code >= codes.length ? Code.UNKNOWN : codes[code];
  }
}
