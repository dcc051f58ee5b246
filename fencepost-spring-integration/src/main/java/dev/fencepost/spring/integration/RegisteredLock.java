package dev.fencepost.spring.integration;

import dev.fencepost.client.FencepostClient;
import dev.fencepost.client.JdkLock;
import dev.fencepost.lock.FencingToken;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.springframework.integration.support.locks.DistributedLock;

/**
 * A lock of a {@link FencepostLockRegistry}. Thread-safe.
 *
 * @param client takes the lock
 * @param name its name on the server
 */
public record RegisteredLock(FencepostClient client, String name) implements DistributedLock {

  @Override
  public void lock() {
    view().lock();
  }

  /** Waits for the lock and takes it with this lease, 2s–24h, if this thread has not got it. */
  @Override
  public void lock(Duration ttl) {
    view(ttl).lock();
  }

  @Override
  public void lockInterruptibly() throws InterruptedException {
    view().lockInterruptibly();
  }

  @Override
  public boolean tryLock() {
    return view().tryLock();
  }

  @Override
  public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
    return view().tryLock(time, unit);
  }

  /** As {@link #lock(Duration)}, waiting at most this long. */
  @Override
  public boolean tryLock(Duration wait, Duration ttl) throws InterruptedException {
    return view(ttl).tryLock(wait.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void unlock() {
    view().unlock();
  }

  /** Always throws {@link UnsupportedOperationException}. */
  @Override
  public Condition newCondition() {
    return view().newCondition();
  }

  /** Whether this thread has the lock and may use it at this moment. */
  public boolean isHeldByCurrentThread() {
    return view().isHeldByCurrentThread();
  }

  /**
   * Returns the fencing token of this thread's hold, which goes with each write.
   *
   * @throws IllegalMonitorStateException if this thread has not locked it
   * @throws dev.fencepost.client.LockLostException if the lock was lost
   */
  public FencingToken requireHeld() {
    return view().requireHeld();
  }

  private JdkLock view() {
    return client.lock(name).asLock();
  }

  private JdkLock view(Duration ttl) {
    return client.lock(name).withTtl(ttl).asLock();
  }
}
