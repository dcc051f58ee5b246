package dev.fencepost.client;

/**
 * A task that runs while a lock is held.
 *
 * @param <T> its result
 */
@FunctionalInterface
public interface HeldBody<T> {
  /** Runs the task. The caller closes the handle. The thread is interrupted if the lock is lost. */
  T run(LockHandle lock) throws Exception;
}
