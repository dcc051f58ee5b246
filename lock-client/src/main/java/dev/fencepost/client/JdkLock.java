package dev.fencepost.client;

import dev.fencepost.lock.FencingToken;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;

/**
 * A lock as the JDK's interface: owned by the thread that locked it, reentrant, without conditions.
 * All views that one client has of a name are one lock for a thread. Thread-safe.
 *
 * <p>It differs from a lock of one process in this:
 *
 * <ul>
 *   <li>It can be lost while it is held. {@code unlock} and a reentrant {@code lock} throw {@link
 *       LockLostException} then, a reentrant {@code tryLock} is false, and the hold ends with as
 *       many {@code unlock} as it had {@code lock}.
 *   <li>{@code unlock} waits until the release is answered, so that another's {@code tryLock} right
 *       after it succeeds; for the client's call timeout at most, after which the release goes on
 *       by itself.
 *   <li>{@code tryLock()} asks a server and throws {@link UnavailableException} if none answers
 *       within the call timeout. {@code tryLock(time, unit)} is false if none has answered one
 *       second after the time.
 *   <li>A thread that ends without {@code unlock} leaves a hold that is reported and not renewed.
 * </ul>
 */
public interface JdkLock extends Lock {

  /** Whether this thread has the lock and may use it at this moment. Local, no call. */
  boolean isHeldByCurrentThread();

  /**
   * The fencing token of this thread's hold, if the lock may be used at this moment.
   *
   * @throws IllegalMonitorStateException if this thread has not locked it
   * @throws LockLostException if the lock was lost
   */
  FencingToken requireHeld();

  /**
   * Waits for the lock for the given time.
   *
   * @return false if the time is over, or if this thread's hold was lost
   * @throws LimitExceededException if the server takes no more claims
   * @throws AccessDeniedException if it is not allowed
   */
  @Override
  boolean tryLock(long time, TimeUnit unit) throws InterruptedException;
}
