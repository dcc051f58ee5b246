package dev.fencepost.lock.spi.support;

import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;

/**
 * The failures of calls that a backend reports itself, in the same words for every store.
 *
 * @param store the store as messages name it, such as {@code Redis}
 */
public record CallFailures(String store) {

  /** A call without an answer in time. Whether it was sent is unknown. */
  public StoreException timeout() {
    return new StoreException(
        Failure.STORE_TIMEOUT, "no answer from " + store + " within the call timeout");
  }

  /** A call that found the queue full. Nothing was sent. */
  public StoreException overloaded() {
    return new StoreException(
        Failure.STORE_OVERLOADED, "too many calls wait for " + store + " already");
  }

  /** A call without a connection. */
  public StoreException unreachable() {
    return new StoreException(Failure.STORE_UNREACHABLE, "there is no connection to " + store);
  }

  /** A command that lost to another one at each try. */
  public StoreException alwaysChanged() {
    return new StoreException(Failure.STORE_TIMEOUT, "the lock changed at each try");
  }

  /** A call to a backend that was closed. */
  public static StoreException closed() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is closed");
  }

  /** A call to a backend that is not open yet, or was closed. */
  public static StoreException notOpen() {
    return new StoreException(Failure.STORE_UNREACHABLE, "the backend is not open");
  }
}
