package dev.fencepost.benchmarks.contender;

/** A lock that a contender took. */
public interface TakenLock {

  /** The token of a contender without fencing tokens. */
  long NO_TOKEN = 0;

  /** The fencing token, or {@link #NO_TOKEN}. */
  default long token() {
    return NO_TOKEN;
  }

  /** True if the lock is still held, as far as the client knows. */
  default boolean isHeld() {
    return true;
  }

  /** Releases the lock in the way that is measured. */
  void release() throws Exception;
}
