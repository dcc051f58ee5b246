package dev.fencepost.lock.spi;

/** The effect of an attempt on this replica's place in the lock's replica queue. */
public enum QueueIntent {
  /**
   * For a single try without other waiters here. Granted: the place, if any, is given up. Busy:
   * nothing changes.
   */
  NONE,
  /**
   * For the only waiter here. Granted: the place is given up. Busy: the replica joins the queue.
   */
  JOIN,
  /**
   * For several waiters here: the replica is queued in either case. A hand-over keeps an existing
   * place; otherwise the replica gets the last one.
   */
  STAY,
  /**
   * For a hand-over only: if another replica is queued, the lock is released to the first of them
   * instead, and this replica gets the last place. Otherwise like {@link #STAY}.
   */
  YIELD
}
