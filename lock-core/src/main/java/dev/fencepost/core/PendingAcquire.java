package dev.fencepost.core;

import java.util.concurrent.CompletionStage;

/** One caller's acquire, on its way. Several calls may speak for one claim. */
public interface PendingAcquire {

  /**
   * Completes with the answer, on the thread that brought it; exceptionally with {@link
   * dev.fencepost.lock.spi.StoreException} if the outcome is unknown, with {@link
   * OverLimitException} or {@link DrainingException} if nothing was done for this call. Of too many
   * calls of one claim the oldest is over the limit; the claim waits on with the others.
   */
  CompletionStage<AcquireAnswer> answer();

  /**
   * The caller has gone. The last one takes its claim out of the queue. A grant that is on its way
   * then stands until its lease ends: the server never gives one back on its own.
   */
  void leave();
}
