package dev.fencepost.client;

/**
 * What is done while a lock is held.
 *
 * @param <T> what it returns
 */
@FunctionalInterface
public interface HeldBody<T> {
  /** Does it; the handle is closed by the caller. Interrupted if the lock is lost. */
  T run(LockHandle lock) throws Exception;
}
