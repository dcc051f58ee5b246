package dev.fencepost.core;

import dev.fencepost.lock.LockName;
import java.util.concurrent.CompletionStage;

/** An acquire call in flight. Several calls may belong to one claim. */
public interface PendingAcquire {

  /** The lock. All waiters of one lock share the name's memory. */
  LockName lock();

  /**
   * Completes with the answer, on the thread that brought it. Fails with {@link
   * dev.fencepost.lock.spi.StoreException} if the outcome is unknown, with {@link
   * OverLimitException}, {@link DrainingException} or {@link OtherPrincipalException} if nothing
   * was done for this call. If one claim has too many calls, its oldest call fails and the claim
   * stays queued for the others.
   */
  CompletionStage<AcquireAnswer> answer();

  /**
   * Reports that the caller is gone. When the last call of a claim leaves, its claim leaves the
   * queue. A grant in flight then stays until its lease ends: the server never gives back a grant
   * on its own.
   */
  void leave();
}
