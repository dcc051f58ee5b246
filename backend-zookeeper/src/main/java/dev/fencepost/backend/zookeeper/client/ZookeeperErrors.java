package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.support.AsyncCalls;
import dev.fencepost.lock.spi.support.CallFailures;
import org.apache.zookeeper.KeeperException.Code;

/** Maps ZooKeeper's errors to those that callers get. */
public final class ZookeeperErrors {
  /** The failures that this backend reports itself. */
  public static final CallFailures FAILURES = new CallFailures("ZooKeeper");

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

  /** Returns the exception that a caller gets for a failure. */
  public static RuntimeException toException(Throwable error) {
    Throwable cause = AsyncCalls.cause(error);
    return cause instanceof RuntimeException known
        ? known
        : new StoreException(Failure.STORE_ERROR, "the call failed in this server", cause);
  }
}
