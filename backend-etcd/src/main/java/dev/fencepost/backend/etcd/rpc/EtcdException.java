package dev.fencepost.backend.etcd.rpc;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.support.AsyncCalls;
import java.util.Optional;

/** A failed call to etcd, and whether etcd may have carried it out. */
public final class EtcdException extends StoreException {
  private static final long serialVersionUID = 1L;

  /** The fate of the request. */
  public enum Kind {
    /** Unknown: etcd may or may not have carried it out. */
    UNANSWERED,
    /** Not sent, because the connection has been replaced by another. */
    NOT_SENT,
    /** Not carried out: it names a lease that is gone. */
    LEASE_GONE,
    /** Not carried out: a lease with this id exists. */
    LEASE_EXISTS,
    /** Not carried out: no room for new data. */
    FULL,
    /** Not carried out: too many operations in one transaction for this server. */
    TOO_LARGE,
    /** Not carried out: the login is not valid, or no longer valid. */
    LOGGED_OUT,
    /** Not carried out: authentication is not enabled at this etcd. */
    NO_LOGIN,
    /** Not carried out: the user lacks the permission. */
    FORBIDDEN,
    /** Not carried out, or not by this call. */
    REFUSED
  }

  private final Kind kind;

  EtcdException(Kind kind, Failure failure, String message, Throwable cause) {
    super(failure, message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }

  /** Returns the exception of this type behind a failed stage, if there is one. */
  public static Optional<EtcdException> find(Throwable error) {
    return AsyncCalls.cause(error) instanceof EtcdException found
        ? Optional.of(found)
        : Optional.empty();
  }

  public static boolean isKind(Throwable error, Kind kind) {
    return find(error).filter(found -> found.kind == kind).isPresent();
  }

  /** True if etcd answered with an error, so that it did not carry out the request. */
  public static boolean isRefusal(Throwable error) {
    return find(error).filter(found -> found.kind != Kind.UNANSWERED).isPresent();
  }
}
