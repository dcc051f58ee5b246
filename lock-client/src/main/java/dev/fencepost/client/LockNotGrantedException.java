package dev.fencepost.client;

import dev.fencepost.lock.Holder;
import dev.fencepost.lock.LockName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The lock was not granted within the time that the caller gave: an ordinary answer. */
public final class LockNotGrantedException extends FencepostException {
  private static final long serialVersionUID = 1L;

  private final transient AcquireRefusal refusal;

  LockNotGrantedException(LockName lock, AcquireRefusal refusal) {
    super(lock + " was not granted: " + refusal);
    this.refusal = refusal;
  }

  /** Why a lock was not granted. */
  public enum Reason {
    /** Held by another, and the caller did not want to wait. */
    BUSY,
    /** Still not free when the wait was over. */
    TIMED_OUT,
    /** Held by nobody, but closed for a while yet: a lock delay, a forced release, a min hold. */
    CLOSED,
    /** The claim was removed while it waited. */
    WITHDRAWN
  }

  /** Why. */
  public Reason reason() {
    return refusal.reason();
  }

  /** Who holds the lock, as the server saw it; empty if nobody does or nobody said. */
  public List<Holder> holders() {
    return refusal.holders();
  }

  /** The lock cannot be free by itself before; empty if unknown. */
  public Optional<Duration> availableIn() {
    return refusal.availableIn();
  }
}
