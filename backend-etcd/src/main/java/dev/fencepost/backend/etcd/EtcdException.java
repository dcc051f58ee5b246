package dev.fencepost.backend.etcd;

import dev.fencepost.lock.spi.StoreException;
import io.grpc.Status;
import java.util.Optional;

/** A call that etcd did not answer as asked, and what that means for the question. */
final class EtcdException extends StoreException {
  private static final long serialVersionUID = 1L;

  /** What happened to the question. */
  enum Kind {
    /** Nobody knows whether it was carried out. */
    UNANSWERED,
    /** Not sent: there is another connection by now. */
    NOT_SENT,
    /** Not carried out: it names a lease that is gone. */
    LEASE_GONE,
    /** Not carried out: a lease with this id exists. */
    LEASE_EXISTS,
    /** Not carried out: no room for new data. */
    FULL,
    /** Not carried out: too many operations in one transaction for this server. */
    TOO_LARGE,
    /** Not carried out: the login is not valid (any more). */
    LOGGED_OUT,
    /** Not carried out: nobody has to log in here. */
    NO_LOGIN,
    /** Not carried out: the user may not. */
    FORBIDDEN,
    /** Not carried out, or not by us. */
    REFUSED
  }

  private final Kind kind;

  private EtcdException(Kind kind, Failure failure, String words, Throwable cause) {
    super(failure, words, cause);
    this.kind = kind;
  }

  /** What a status other than OK means. */
  static EtcdException of(Status status) {
    String said = Optional.ofNullable(status.getDescription()).orElse("");
    Throwable cause = status.asRuntimeException();
    if (status.getCause() instanceof PinnedConnection.Mismatch) {
      return new EtcdException(Kind.NOT_SENT, Failure.STORE_UNREACHABLE, NEW_CONNECTION, cause);
    }
    return switch (status.getCode()) {
      case DEADLINE_EXCEEDED ->
          new EtcdException(Kind.UNANSWERED, Failure.STORE_TIMEOUT, NO_ANSWER, cause);
      case UNAVAILABLE, CANCELLED, UNKNOWN, INTERNAL, ABORTED, DATA_LOSS ->
          new EtcdException(
              Kind.UNANSWERED,
              said.contains("request timed out")
                  ? Failure.STORE_TIMEOUT
                  : Failure.STORE_UNREACHABLE,
              TlsFault.of(cause)
                  .orElseGet(
                      () ->
                          "no connection to etcd, or it broke, or etcd has no leader ("
                              + status.getCode()
                              + (said.isEmpty() ? ")" : ": " + said + ")")
                              + TlsFault.hint(said)),
              cause);
      case RESOURCE_EXHAUSTED -> exhausted(said, cause);
      case NOT_FOUND ->
          new EtcdException(Kind.LEASE_GONE, Failure.STORE_ERROR, "the lease is gone", cause);
      case FAILED_PRECONDITION, ALREADY_EXISTS ->
          new EtcdException(precondition(said), Failure.STORE_ERROR, REFUSED_BY, cause);
      case UNAUTHENTICATED ->
          new EtcdException(Kind.LOGGED_OUT, Failure.STORE_ERROR, "etcd refuses the login", cause);
      case PERMISSION_DENIED ->
          new EtcdException(
              Kind.FORBIDDEN, Failure.STORE_ERROR, "etcd's user may not do this", cause);
      case INVALID_ARGUMENT -> invalid(said, cause);
      default -> new EtcdException(Kind.REFUSED, Failure.STORE_ERROR, REFUSED_BY, cause);
    };
  }

  /** The time is over; whether anything was sent is not known. */
  static EtcdException timeout() {
    return of(Status.DEADLINE_EXCEEDED);
  }

  Kind kind() {
    return kind;
  }

  /** The trouble in a failed stage, if it is one. */
  static Optional<EtcdException> in(Throwable error) {
    Throwable cause = error;
    while (cause instanceof java.util.concurrent.CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause instanceof EtcdException trouble ? Optional.of(trouble) : Optional.empty();
  }

  static boolean is(Throwable error, Kind kind) {
    return in(error).filter(trouble -> trouble.kind == kind).isPresent();
  }

  private static final String NEW_CONNECTION = "the connection to etcd is a new one";
  private static final String NO_ANSWER = "no answer from etcd within the call timeout";
  private static final String REFUSED_BY = "etcd answered with an error";

  private static Kind precondition(String said) {
    if (said.contains("lease already exists")) {
      return Kind.LEASE_EXISTS;
    }
    return said.contains("authentication is not enabled") ? Kind.NO_LOGIN : Kind.REFUSED;
  }

  private static EtcdException exhausted(String said, Throwable cause) {
    return said.contains("space exceeded")
        ? new EtcdException(Kind.FULL, Failure.STORE_FULL, "etcd's space quota is used up", cause)
        : new EtcdException(
            Kind.REFUSED, Failure.STORE_OVERLOADED, "etcd has too much to do", cause);
  }

  private static EtcdException invalid(String said, Throwable cause) {
    if (said.contains("too many operations")) {
      return new EtcdException(Kind.TOO_LARGE, Failure.STORE_ERROR, REFUSED_BY, cause);
    }
    boolean login =
        said.contains("user name is empty")
            || said.contains("revision")
            || said.contains("authentication failed");
    return new EtcdException(
        login ? Kind.LOGGED_OUT : Kind.REFUSED, Failure.STORE_ERROR, REFUSED_BY, cause);
  }
}
