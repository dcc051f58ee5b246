package dev.fencepost.backend.jdbc.sql;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Whether this replica is in the queue of any lock. It counts as queued for 4 s after it was last
 * seen in a queue: a waiting replica reads its locks every 1–2 s and finds itself there. Safe for
 * use by many threads.
 */
final class QueueMembership {
  private static final long VALID_NANOS = TimeUnit.SECONDS.toNanos(4);

  private final ReentrantLock guard = new ReentrantLock();
  private final Condition changed = guard.newCondition();
  private final LongSupplier nanoClock;
  private volatile long lastSeenNanos;
  private long joins;
  private boolean closed;

  QueueMembership(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.lastSeenNanos = nanoClock.getAsLong() - VALID_NANOS;
  }

  /** Records that this replica was seen in a queue. */
  void recordSeen() {
    boolean wasQueued = isQueued();
    lastSeenNanos = nanoClock.getAsLong();
    if (!wasQueued) {
      signal(0);
    }
  }

  /** Records that this replica has just joined a queue, so that its turn may come soon. */
  void recordJoin() {
    lastSeenNanos = nanoClock.getAsLong();
    signal(1);
  }

  /** Ends every wait. */
  void close() {
    guard.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      guard.unlock();
    }
  }

  /**
   * Waits until this replica is queued. Then it pauses, unless the replica has joined a queue since
   * the last call.
   *
   * @param joinsBefore the result of the last call
   * @param pauseNanos length of the pause; a join cuts it short
   * @return how often the replica has joined a queue; −1 if closed
   */
  long await(long joinsBefore, long pauseNanos) throws InterruptedException {
    guard.lock();
    try {
      long remaining = pauseNanos;
      while (!closed && (!isQueued() || (joins == joinsBefore && remaining > 0))) {
        if (isQueued()) {
          remaining = changed.awaitNanos(remaining);
        } else {
          changed.await();
        }
      }
      return closed ? -1 : joins;
    } finally {
      guard.unlock();
    }
  }

  private boolean isQueued() {
    return nanoClock.getAsLong() - lastSeenNanos < VALID_NANOS;
  }

  private void signal(int newJoins) {
    guard.lock();
    try {
      joins += newJoins;
      changed.signalAll();
    } finally {
      guard.unlock();
    }
  }
}
