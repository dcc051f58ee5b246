package dev.fencepost.client.internal.time;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/** Where threads wait until something is so; free for those who change it while nobody waits. */
public final class StateCondition {
  private final ReentrantLock mutex = new ReentrantLock();
  private final Condition changed = mutex.newCondition();
  private final AtomicInteger waiting = new AtomicInteger();

  /** To be called after whatever somebody may wait for. */
  public void changed() {
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

  /** Waits until it is so, or the time is over; false if it was not so in time. */
  public boolean await(BooleanSupplier isSo, long nanos) throws InterruptedException {
    mutex.lockInterruptibly();
    waiting.incrementAndGet();
    try {
      long left = nanos;
      while (!isSo.getAsBoolean()) {
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

  /** As {@link #await}; an interrupt ends the wait and is kept. */
  public void awaitUnlessInterrupted(BooleanSupplier isSo, long millis) {
    try {
      await(isSo, TimeUnit.MILLISECONDS.toNanos(millis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
