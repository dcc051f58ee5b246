package dev.fencepost.client.internal.time;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Lets threads wait until a condition is true. Signalling costs almost nothing while nobody waits.
 */
public final class StateCondition {
  private final ReentrantLock mutex = new ReentrantLock();
  private final Condition changed = mutex.newCondition();
  private final AtomicInteger waiting = new AtomicInteger();

  /** Must be called after each change that a thread may wait for. */
  public void signalChange() {
    if (waiting.get() == 0) {
      return;
    }
    mutex.lock();
    try {
      changed.signalAll();
    } finally {
      mutex.unlock();
    }
  }

  /**
   * Waits until the condition is true or the time is over; returns false if it was not true in
   * time.
   */
  public boolean await(BooleanSupplier condition, long nanos) throws InterruptedException {
    mutex.lockInterruptibly();
    waiting.incrementAndGet();
    try {
      long left = nanos;
      while (!condition.getAsBoolean()) {
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      waiting.decrementAndGet();
      mutex.unlock();
    }
  }

  /** As {@link #await}. An interrupt ends the wait, and the flag stays set. */
  public void awaitUnlessInterrupted(BooleanSupplier condition, long millis) {
    try {
      await(condition, TimeUnit.MILLISECONDS.toNanos(millis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
