package dev.fencepost.client;

import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The lock was not granted within the time that the caller gave. This is an ordinary answer, not a
 * fault.
 */
public final class LockNotGrantedException extends FencepostException {
  private static final long serialVersionUID = 1L;

  private final transient Reason reason;
  private final transient List<Holder> holders;
  private final transient Optional<Duration> availableIn;

  /**
   * Creates the answer for one lock.
   *
   * @param reason why it was not granted
   * @param holders who holds it; empty if nobody does or the server did not say
   * @param availableIn the shortest time after which the lock can become free by itself; empty if
   *     unknown
   */
  public LockNotGrantedException(
      LockName lock, Reason reason, List<Holder> holders, Optional<Duration> availableIn) {
    super(message(lock, reason, holders));
    this.reason = reason;
    this.holders = List.copyOf(holders);
    this.availableIn = availableIn;
  }

  /** Why a lock was not granted. */
  public enum Reason {
    /** Another client holds it, and the caller did not want to wait. */
    BUSY,
    /** It was still not free at the end of the wait. */
    TIMED_OUT,
    /**
     * Nobody holds it, but it is closed for a while: a lock delay, a forced release, a min hold.
     */
    CLOSED,
    /** The claim was removed while it waited. */
    WITHDRAWN
  }

  /** Why the lock was not granted. */
  public Reason reason() {
    return reason;
  }

  /** The holders, as the server saw them; empty if nobody holds it or the server did not say. */
  public List<Holder> holders() {
    return holders;
  }

  /** The lock cannot become free by itself before this time has passed; empty if unknown. */
  public Optional<Duration> availableIn() {
    return availableIn;
  }

  private static String message(LockName lock, Reason reason, List<Holder> holders) {
    StringBuilder text = new StringBuilder(lock + " was not granted: " + reason);
    for (Holder holder : holders) {
      text.append(", held by ").append(holder.claimant().owner());
    }
    return text.toString();
  }
}
