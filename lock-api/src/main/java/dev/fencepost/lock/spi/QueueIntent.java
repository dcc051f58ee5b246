package dev.fencepost.lock.spi;

/** What an attempt does with this replica's place in the lock's line. */
public enum QueueIntent {
  /** One try, nobody waits here: granted, the place (if any) is given up; busy, nothing changes. */
  NONE,
  /**
   * The only one who waits here: granted, the place is given up; busy, the replica stands in line.
   */
  JOIN,
  /**
   * More wait here: the replica stands in line either way. A place that it has is kept by a
   * hand-over; otherwise it gets the last one.
   */
  STAY,
  /**
   * Only in a hand-over: if another replica stands in line, the lock is released to the first of
   * those instead, and this replica gets the last place; else as {@link #STAY}.
   */
  YIELD
}
