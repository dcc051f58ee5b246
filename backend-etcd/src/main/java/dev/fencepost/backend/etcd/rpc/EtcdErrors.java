package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.backend.etcd.rpc.EtcdException.Kind;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.tls.StoreTls;
import io.grpc.Status;
import java.util.Optional;

/**
 * Maps gRPC statuses, and the texts that etcd puts in them, to {@link EtcdException}s, and explains
 * to people why two sides do not agree on TLS.
 */
public final class EtcdErrors {
  private static final String NEW_CONNECTION = "the connection to etcd is a new one";
  private static final String NO_ANSWER = "no answer from etcd within the call timeout";
  private static final String REFUSED_BY_ETCD = "etcd answered with an error";

  private EtcdErrors() {}

  /** Maps a status other than OK. */
  public static EtcdException fromStatus(Status status) {
    String text = Optional.ofNullable(status.getDescription()).orElse("");
    Throwable cause = status.asRuntimeException();
    if (status.getCause() instanceof EtcdMember.OtherConnection) {
      return new EtcdException(Kind.NOT_SENT, Failure.STORE_UNREACHABLE, NEW_CONNECTION, cause);
    }
    return switch (status.getCode()) {
      case DEADLINE_EXCEEDED ->
          new EtcdException(Kind.UNANSWERED, Failure.STORE_TIMEOUT, NO_ANSWER, cause);
      case UNAVAILABLE, CANCELLED, UNKNOWN, INTERNAL, ABORTED, DATA_LOSS ->
          unanswered(status.getCode(), text, cause);
      case RESOURCE_EXHAUSTED -> exhausted(text, cause);
      case NOT_FOUND ->
          new EtcdException(Kind.LEASE_GONE, Failure.STORE_ERROR, "the lease is gone", cause);
      case FAILED_PRECONDITION, ALREADY_EXISTS ->
          new EtcdException(precondition(text), Failure.STORE_ERROR, REFUSED_BY_ETCD, cause);
      case UNAUTHENTICATED ->
          new EtcdException(Kind.LOGGED_OUT, Failure.STORE_ERROR, "etcd refuses the login", cause);
      case PERMISSION_DENIED ->
          new EtcdException(
              Kind.FORBIDDEN, Failure.STORE_ERROR, "etcd's user may not do this", cause);
      case INVALID_ARGUMENT -> invalid(text, cause);
      default -> new EtcdException(Kind.REFUSED, Failure.STORE_ERROR, REFUSED_BY_ETCD, cause);
    };
  }

  /** A call whose deadline has passed; whether it was sent is unknown. */
  public static EtcdException timeout() {
    return fromStatus(Status.DEADLINE_EXCEEDED);
  }

  private static EtcdException unanswered(Status.Code code, String text, Throwable cause) {
    Failure failure =
        text.contains("request timed out") ? Failure.STORE_TIMEOUT : Failure.STORE_UNREACHABLE;
    String message =
        tlsFault(cause)
            .orElseGet(
                () ->
                    "no connection to etcd, or it broke, or etcd has no leader ("
                        + code
                        + (text.isEmpty() ? ")" : ": " + text + ")")
                        + tlsHint(text));
    return new EtcdException(Kind.UNANSWERED, failure, message, cause);
  }

  private static Kind precondition(String text) {
    if (text.contains("lease already exists")) {
      return Kind.LEASE_EXISTS;
    }
    return text.contains("authentication is not enabled") ? Kind.NO_LOGIN : Kind.REFUSED;
  }

  private static EtcdException exhausted(String text, Throwable cause) {
    return text.contains("space exceeded")
        ? new EtcdException(Kind.FULL, Failure.STORE_FULL, "etcd's space quota is used up", cause)
        : new EtcdException(Kind.REFUSED, Failure.STORE_OVERLOADED, "etcd is overloaded", cause);
  }

  private static EtcdException invalid(String text, Throwable cause) {
    if (text.contains("too many operations")) {
      return new EtcdException(Kind.TOO_LARGE, Failure.STORE_ERROR, REFUSED_BY_ETCD, cause);
    }
    boolean login =
        text.contains("user name is empty")
            || text.contains("revision")
            || text.contains("authentication failed");
    return new EtcdException(
        login ? Kind.LOGGED_OUT : Kind.REFUSED, Failure.STORE_ERROR, REFUSED_BY_ETCD, cause);
  }

  /** Returns the fault in TLS and the option to look at, if that is why the call failed. */
  public static Optional<String> tlsFault(Throwable error) {
    return StoreTls.explain(error).map(words -> "no TLS connection to etcd: " + words);
  }

  /**
   * Returns a hint for a connection that was closed. Nothing more is visible if one side speaks TLS
   * and the other plain text; a server that stops looks the same.
   */
  private static String tlsHint(String description) {
    if (description.contains("TLS negotiation")) {
      return "; if this persists: does etcd speak TLS there? (store options tls…)";
    }
    return description.contains("closed for unknown reason")
        ? "; if this persists: does etcd want TLS? (store option tls)"
        : "";
  }
}
