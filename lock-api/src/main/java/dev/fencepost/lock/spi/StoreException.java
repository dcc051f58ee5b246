package dev.fencepost.lock.spi;

import dev.fencepost.lock.LockName;

/**
 * The store could not be reached or did not answer in time. The command may have been executed;
 * repeat it with the same claim id.
 */
public class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kind of failure. */
  public enum Failure {
    /** No connection, or it broke. */
    STORE_UNREACHABLE,
    /** No answer within the call timeout. */
    STORE_TIMEOUT,
    /** Too many calls wait for the store already; nothing was sent. */
    STORE_OVERLOADED,
    /** The store has no room for new records; renewing and releasing may still work. */
    STORE_FULL,
    /**
     * The lock's record is damaged, or a later version wrote it. Nothing was changed, and a retry
     * on this replica does not help. Other locks are not affected.
     */
    RECORD_UNREADABLE,
    /** The store answered with an error that is not one of the above. */
    STORE_ERROR
  }

  private final Failure failure;

  /** Reports a failure; the message names no host, statement or secret. */
  public StoreException(Failure failure, String message) {
    super(message);
    this.failure = failure;
  }

  /** Reports a failure with its cause, for logs. */
  public StoreException(Failure failure, String message, Throwable cause) {
    super(message, cause);
    this.failure = failure;
  }

  /**
   * Returns true if the command was certainly not executed: the store refused it, or it was never
   * sent.
   */
  public boolean isRefusal() {
    return failure == Failure.STORE_FULL || failure == Failure.STORE_OVERLOADED;
  }

  /**
   * Reports a lock whose record this version cannot read.
   *
   * @param what is wrong with it, such as "format 2"; shows nothing of the record's content
   */
  public static StoreException unreadable(LockName lock, String what) {
    return new StoreException(
        Failure.RECORD_UNREADABLE,
        "the record of lock \"" + lock + "\" cannot be read by this version: " + what);
  }

  /** The kind of failure. */
  public Failure failure() {
    return failure;
  }
}
