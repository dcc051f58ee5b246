package dev.fencepost.benchmarks.contender;

/** A lock that was taken. */
public interface Held {

  /** What a contender without fencing tokens has for one. */
  long NO_TOKEN = 0;

  /** The fencing token, or {@link #NO_TOKEN}. */
  default long token() {
    return NO_TOKEN;
  }

  /** Whether the lock is still held, as far as the client knows. */
  default boolean isHeld() {
    return true;
  }

  /** Gives it back, in the way that is measured. */
  void release() throws Exception;
}
