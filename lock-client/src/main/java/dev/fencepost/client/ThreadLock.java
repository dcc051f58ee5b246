package dev.fencepost.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * A lock as the JDK's interface: owned by a thread, reentrant. Among the threads of one process
 * each is a claim of its own, so they stand in one line with everybody else. A thread that ends
 * without {@code unlock} leaves a handle that nobody has, which is reported and stops renewing.
 */
final class ThreadLock implements Lock {
  private final RemoteLock lock;

  @SuppressWarnings("ThreadLocalUsage") // Each lock has an owner of its own.
  private final ThreadLocal<@Nullable Hold> mine = new ThreadLocal<>();

  private static final class Hold {
    private final LockHandle handle;
    private int depth = 1;

    Hold(LockHandle handle) {
      this.handle = handle;
    }
  }

  ThreadLock(RemoteLock lock) {
    this.lock = lock;
  }

  @Override
  public void lock() {
    if (!enterAgain()) {
      mine.set(new Hold(lock.acquireUninterruptibly()));
    }
  }

  @Override
  public void lockInterruptibly() throws InterruptedException {
    if (!enterAgain()) {
      mine.set(new Hold(lock.acquire()));
    }
  }

  @Override
  public boolean tryLock() {
    return enterAgain() || enter(lock.tryAcquire());
  }

  @Override
  public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
    return enterAgain()
        || enter(lock.tryAcquire(Duration.ofNanos(Math.max(0, unit.toNanos(time)))));
  }

  @Override
  public void unlock() {
    Hold hold = mine.get();
    if (hold == null) {
      throw new IllegalMonitorStateException(lock.name() + " is not locked by this thread");
    }
    if (--hold.depth > 0) {
      return;
    }
    mine.remove();
    try (LockHandle handle = hold.handle) {
      handle.requireHeld();
    }
  }

  @Override
  public Condition newCondition() {
    throw new UnsupportedOperationException("a lock of many processes has no conditions");
  }

  @Override
  public String toString() {
    return lock.name();
  }

  private boolean enterAgain() {
    Hold hold = mine.get();
    if (hold == null) {
      return false;
    }
    hold.handle.requireHeld();
    hold.depth++;
    return true;
  }

  private boolean enter(Optional<LockHandle> granted) {
    granted.ifPresent(handle -> mine.set(new Hold(handle)));
    return granted.isPresent();
  }
}
