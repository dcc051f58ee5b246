package dev.fencepost.backend.jdbc;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Whether this replica stands in the line of any lock, as far as it has seen lately: a waiting
 * replica looks at its locks every 1–2 s and sees itself there. Safe for use by many threads.
 */
final class Places {
  private static final long BELIEVED_NANOS = TimeUnit.SECONDS.toNanos(4);

  private final ReentrantLock guard = new ReentrantLock();
  private final Condition changed = guard.newCondition();
  private final LongSupplier nanoClock;
  private volatile long seenNanos;
  private long joins;
  private boolean closed;

  Places(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.seenNanos = nanoClock.getAsLong() - BELIEVED_NANOS;
  }

  /** This replica was seen in a line. */
  void seen() {
    boolean wasStanding = isStanding();
    seenNanos = nanoClock.getAsLong();
    if (!wasStanding) {
      signal(0);
    }
  }

  /** This replica has just joined a line: a turn may come soon. */
  void joined() {
    seenNanos = nanoClock.getAsLong();
    signal(1);
  }

  /** Nobody need wait any more. */
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
   * Waits until this replica stands in a line and, if it has not joined one since {@code before},
   * so long besides.
   *
   * @return the number of times that it has joined a line; −1 if closed
   */
  long await(long before, long nanos) throws InterruptedException {
    guard.lock();
    try {
      long left = nanos;
      while (!closed && (!isStanding() || (joins == before && left > 0))) {
        if (isStanding()) {
          left = changed.awaitNanos(left);
        } else {
          changed.await();
        }
      }
      return closed ? -1 : joins;
    } finally {
      guard.unlock();
    }
  }

  private boolean isStanding() {
    return nanoClock.getAsLong() - seenNanos < BELIEVED_NANOS;
  }

  private void signal(int more) {
    guard.lock();
    try {
      joins += more;
      changed.signalAll();
    } finally {
      guard.unlock();
    }
  }
}
