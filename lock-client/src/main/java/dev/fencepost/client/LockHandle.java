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
 * <p>It is owned by whoever has the reference, on any thread, and is safe for use by many. What it
 * says of itself is computed from the clock at each call: after a pause of whatever length the
 * first question is answered truthfully. Between the answer and what is done next the process may
 * be paused again, so the {@link #token()} should go with every write to a resource that can
 * compare it.
 *
 * <pre>{@code
 * while (lock.isHeld() && orders.updates() < 10) {
 *   orders.update(42, lock.requireHeld());
 * }
 * }</pre>
 *
 * <p>A handle that is neither closed nor reachable any more is reported to the log and stops
 * renewing.
 */
public interface LockHandle extends AutoCloseable {

  /** What a handle can say of itself. */
  enum State {
    /** The lock is held and renewals succeed. */
    HELD,
    /** The lock is held, and will be lost unless an overdue renewal succeeds in time. */
    JEOPARDY,
    /** The lease ran out or was ended by others; final. */
    LOST,
    /** Given back, or detached, by its holder; final. */
    RELEASED
  }

  /** The lock's name. */
  String name();

  /** What names the grant; it proves ownership, so it is a secret. */
  GrantRef grant();

  /** The fencing token. It goes on being told after a loss, since the fence has to refuse it. */
  FencingToken token();

  /** Local, no call. */
  State state();

  /** Whether the lock may be used at this moment: {@code HELD} or {@code JEOPARDY}. */
  boolean isHeld();

  /** For how long the lock may be used without another renewal; zero if it is not held. */
  Duration remaining();

  /**
   * The token, if the lock is held at this moment.
   *
   * @throws LockLostException if it is not, whoever ended it
   */
  FencingToken requireHeld();

  /**
   * Calls the action each time a renewal is overdue, on the callback executor.
   *
   * @return this handle
   */
  LockHandle onJeopardy(Consumer<Jeopardy> action);

  /**
   * Calls the action once if the lock is lost, on the callback executor; at once if it is so
   * already. A lock that is closed by its holder is not lost, unless the answer shows that it had
   * ended before.
   *
   * @return this handle
   */
  LockHandle onLost(Consumer<GrantLoss> action);

  /**
   * Calls the action after each renewal that succeeded, on the callback executor.
   *
   * @return this handle
   */
  LockHandle onRenewed(Runnable action);

  /**
   * Completes when the lock is lost, and never if it is released first. What depends on it runs on
   * the callback executor.
   *
   * <pre>{@code
   * return CompletableFuture.anyOf(work, lock.lost())
   *     .thenApply(first -> work.isDone() ? "done: " + first : "lost: " + first);
   * }</pre>
   */
  CompletableFuture<GrantLoss> lost();

  /**
   * Gives the lock back and waits for the answer, which comes at the latest when the lease is over.
   *
   * @throws UnavailableException if no server answered in all that time
   * @throws InterruptedException if interrupted; the lock is given back nevertheless
   */
  Release release() throws InterruptedException;

  /**
   * As {@link #release()}, and nobody is granted the lock for this long after it, 0 – 24 h, or for
   * the rest of the minimum hold if that is longer. For a job whose next turn is known only when it
   * has run.
   *
   * @throws dev.fencepost.lock.InvalidValueException if the time is out of range; the lock is still
   *     held then
   */
  Release release(Duration closeFor) throws InterruptedException;

  /**
   * Renews now and waits for the answer, for the call timeout at most. A handle renews itself, so
   * this is for a step that needs most of a lease ahead. A grant's ttl never changes.
   *
   * @return for how long the lock may be used without another renewal
   * @throws LockLostException if the lock is not held, or is lost by what the answer says
   * @throws UnavailableException if nobody answered; the lock is held for as long as before
   */
  Duration renew() throws InterruptedException;

  /** Gives the lock back; what depends on the answer runs on the callback executor. */
  CompletableFuture<Release> releaseAsync();

  /**
   * Stops renewing and leaves the grant standing for {@link FencepostClient#adopt}, here or in
   * another process, before its lease ends.
   *
   * @throws LockLostException if the lock is not held
   */
  GrantRef detach();

  /**
   * Gives the lock back without waiting for the answer: the message is sent before this returns if
   * a server is connected, and repeated until it is answered or the lease is over. Idempotent,
   * never throws.
   */
  @Override
  void close();
}
