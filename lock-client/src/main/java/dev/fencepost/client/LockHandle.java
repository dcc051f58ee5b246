package dev.fencepost.client;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * A lock that was granted. It renews itself until it is closed, and knows when it is lost.
 *
 * <p>The owner is the code that has the reference, on any thread. A handle is safe for use by many
 * threads. Its state is computed from the clock at each call, so the first answer after a pause of
 * any length is correct. The process may be paused again between the answer and the next step.
 * Therefore send the {@link #token()} with every write to a resource that can compare it.
 *
 * <pre>{@code
 * while (lock.isHeld() && orders.updates() < 10) {
 *   orders.update(42, lock.requireHeld());
 * }
 * }</pre>
 *
 * <p>A handle that is no longer reachable but was never closed is reported in the log and stops
 * renewing.
 */
public interface LockHandle extends AutoCloseable {

  /** The state of a handle. */
  enum State {
    /** The lock is held and renewals succeed. */
    HELD,
    /** The lock is held, and will be lost unless an overdue renewal succeeds in time. */
    JEOPARDY,
    /** The lease ran out, or somebody else ended the grant. Final. */
    LOST,
    /** The holder released or detached it. Final. */
    RELEASED
  }

  /** The lock's name. */
  String name();

  /** The identity of the grant. It proves ownership, so it is a secret. */
  GrantRef grant();

  /** The fencing token. It stays available after a loss, since the fence has to refuse it. */
  FencingToken token();

  /** The state at this moment. Local, without a call. */
  State state();

  /** Whether the lock may be used at this moment: {@code HELD} or {@code JEOPARDY}. */
  boolean isHeld();

  /** The time for which the lock may be used without another renewal; zero if it is not held. */
  Duration remaining();

  /**
   * Returns the token if the lock is held at this moment.
   *
   * @throws LockLostException if it is not held any more, for whatever reason
   */
  FencingToken requireHeld();

  /**
   * Registers an action that runs each time a renewal is overdue, on the callback executor.
   *
   * @return this handle
   */
  LockHandle onJeopardy(Consumer<Jeopardy> action);

  /**
   * Registers an action that runs once if the lock is lost, on the callback executor; at once if it
   * is lost already. Closing the handle is not a loss, unless the answer shows that the grant had
   * ended before.
   *
   * @return this handle
   */
  LockHandle onLost(Consumer<GrantLoss> action);

  /**
   * Registers an action that runs after each successful renewal, on the callback executor.
   *
   * @return this handle
   */
  LockHandle onRenewed(Runnable action);

  /**
   * Returns a future that completes when the lock is lost, and never if it is released first.
   * Stages that depend on it run on the callback executor.
   *
   * <pre>{@code
   * return CompletableFuture.anyOf(work, lock.lost())
   *     .thenApply(first -> work.isDone() ? "done: " + first : "lost: " + first);
   * }</pre>
   */
  CompletableFuture<GrantLoss> lost();

  /**
   * Releases the lock and waits for the answer, at the latest until the lease is over.
   *
   * @throws UnavailableException if no server answered in all that time
   * @throws InterruptedException if interrupted; the lock is released nevertheless
   */
  Release release() throws InterruptedException;

  /**
   * As {@link #release()}, and keeps the lock closed for this long after it, 0 – 24 h, or for the
   * rest of the minimum hold if that is longer. Use it for a job that knows the time of its next
   * run only at its end.
   *
   * @throws dev.fencepost.lock.InvalidValueException if the time is out of range; the lock is still
   *     held then
   */
  Release release(Duration closeFor) throws InterruptedException;

  /**
   * Renews now and waits for the answer, for the call timeout at most. A handle renews itself, so
   * use this only before a step that needs most of a lease. The ttl of a grant never changes.
   *
   * @return the time for which the lock may be used without another renewal
   * @throws LockLostException if the lock is not held, or the answer shows that it is lost
   * @throws UnavailableException if no server answered; the lock is held for as long as before
   */
  Duration renew() throws InterruptedException;

  /** Releases the lock. Stages that depend on the answer run on the callback executor. */
  CompletableFuture<Release> releaseAsync();

  /**
   * Stops renewing and keeps the grant for {@link FencepostLock#adopt}, here or in another process,
   * before its lease ends.
   *
   * @throws LockLostException if the lock is not held
   */
  GrantRef detach();

  /**
   * Releases the lock without waiting for the answer. If a server is connected, the message is sent
   * before this returns. It is repeated until it is answered or the lease is over. Idempotent,
   * never throws.
   */
  @Override
  void close();
}
