package dev.fencepost.client;

import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.LockName;

/** The lock is not held any more. The resource that it protects must not be touched. */
public final class LockLostException extends FencepostException {
  private static final long serialVersionUID = 1L;

  private final transient GrantLoss loss;

  /** Creates the exception for a lock and the cause of its loss. */
  public LockLostException(LockName lock, GrantLoss loss) {
    super(
        lock
            + " is lost: "
            + loss.reason()
            + (loss.detail().isEmpty() ? "" : " (" + loss.detail() + ")"));
    this.loss = loss;
  }

  /** The cause of the loss, as far as known. */
  public GrantLoss loss() {
    return loss;
  }
}
