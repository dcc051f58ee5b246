package dev.fencepost.client;

import dev.fencepost.lock.FencingToken;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;

/**
 * A lock as the JDK's interface: owned by the thread that locked it, reentrant, without conditions.
 * All views that one client has of a name are one lock for a thread. Thread-safe.
 *
 * <p>It differs from a lock inside one process:
 *
 * <ul>
 *   <li>It can be lost while it is held. Then {@code unlock} and a reentrant {@code lock} throw
 *       {@link LockLostException}, and a reentrant {@code tryLock} returns false. The hold ends
 *       after as many calls of {@code unlock} as of {@code lock}.
 *   <li>{@code unlock} waits until the release is answered, so that another thread's {@code
 *       tryLock} right after it succeeds. It waits for the client's call timeout at most; then the
 *       release continues in the background.
 *   <li>{@code tryLock()} asks a server and throws {@link UnavailableException} if none answers
 *       within the call timeout. {@code tryLock(time, unit)} returns false if none has answered one
 *       second after the time.
 *   <li>If a thread ends without {@code unlock}, its hold is reported and no longer renewed.
 * </ul>
 */
public interface JdkLock extends Lock {

  /** Whether this thread has the lock and may use it at this moment. Local, without a call. */
  boolean isHeldByCurrentThread();

  /**
   * Returns the fencing token of this thread's hold, if the lock may be used at this moment.
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
   * @throws AccessDeniedException if the server does not allow it
   */
  @Override
  boolean tryLock(long time, TimeUnit unit) throws InterruptedException;
}
