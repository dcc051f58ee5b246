package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.apache.zookeeper.KeeperException.Code;

/** Maps ZooKeeper's errors to those that callers get. */
public final class ZookeeperErrors {
  private ZookeeperErrors() {}

  public static StoreException of(Code code) {
    return switch (code) {
      case CONNECTIONLOSS, SESSIONEXPIRED, SESSIONMOVED, OPERATIONTIMEOUT ->
          new StoreException(Failure.STORE_UNREACHABLE, "the connection to ZooKeeper broke");
      case REQUESTTIMEOUT, THROTTLEDOP ->
          new StoreException(Failure.STORE_TIMEOUT, "ZooKeeper timed out or throttled the call");
      case QUOTAEXCEEDED -> new StoreException(Failure.STORE_FULL, "ZooKeeper's quota is used up");
      case NOAUTH, AUTHFAILED, INVALIDACL ->
          new StoreException(
              Failure.STORE_ERROR, "ZooKeeper denies access: " + code + "; check the ACLs");
      default -> new StoreException(Failure.STORE_ERROR, "ZooKeeper answered " + code);
    };
  }

  /** True if the failure is an unreadable lock record. */
  public static boolean isUnreadable(Throwable error) {
    return toException(error) instanceof StoreException known
        && known.failure() == Failure.RECORD_UNREADABLE;
  }

  public static StoreException unreachable() {
    return new StoreException(Failure.STORE_UNREACHABLE, "there is no connection to ZooKeeper");
  }

  public static StoreException notSent() {
    return new StoreException(
        Failure.STORE_TIMEOUT, "queued for the whole call timeout; nothing was sent");
  }

  public static StoreException overloaded() {
    return new StoreException(
        Failure.STORE_OVERLOADED, "too many calls wait for ZooKeeper already");
  }

  /** Returns the exception that a caller gets for a failure. */
  public static RuntimeException toException(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    if (cause instanceof TimeoutException) {
      return new StoreException(
          Failure.STORE_TIMEOUT, "no answer from ZooKeeper within the call timeout");
    }
    return cause instanceof RuntimeException known
        ? known
        : new StoreException(Failure.STORE_ERROR, "the call failed in this server", cause);
  }
}
