package dev.fencepost.client.internal.lock;

import dev.fencepost.client.JdkLock;
import dev.fencepost.client.LockLostException;
import dev.fencepost.client.internal.lock.ThreadHolds.ThreadHold;
import dev.fencepost.client.internal.time.ClientFutures;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.LossReason;
import dev.fencepost.lock.Release;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * One view of a lock as the JDK's interface. Each thread of a process makes a claim of its own, so
 * threads queue together with all other clients.
 */
final class JdkLockImpl implements JdkLock {
  /** The extra time for the answer of a server that waits the full time. */
  private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final FencepostLockImpl lock;
  private final ThreadHolds holds;
  private final long callTimeoutNanos;

  JdkLockImpl(FencepostLockImpl lock, ThreadHolds holds, long callTimeoutNanos) {
    this.lock = lock;
    this.holds = holds;
    this.callTimeoutNanos = callTimeoutNanos;
  }

  @Override
  public void lock() {
    ThreadHold hold = currentHold();
    if (hold == null) {
      holds.add(lock.name(), lock.acquireUninterruptibly());
    } else {
      hold.handle.requireHeld();
      hold.depth++;
    }
  }

  @Override
  public void lockInterruptibly() throws InterruptedException {
    requireNotInterrupted();
    ThreadHold hold = currentHold();
    if (hold == null) {
      holds.add(lock.name(), lock.acquireHandle());
    } else {
      hold.handle.requireHeld();
      hold.depth++;
    }
  }

  @Override
  public boolean tryLock() {
    ThreadHold hold = currentHold();
    return hold == null ? enter(lock.tryOnce()) : reenter(hold);
  }

  @Override
  public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
    requireNotInterrupted();
    ThreadHold hold = currentHold();
    if (hold != null) {
      return reenter(hold);
    }
    return enter(lock.tryWithin(Math.max(0, unit.toNanos(time)), ANSWER_NANOS));
  }

  @Override
  public void unlock() {
    ThreadHold hold = requireHold();
    if (--hold.depth > 0) {
      return;
    }
    holds.remove(lock.name());
    boolean wasHeld = hold.handle.isHeld();
    Optional<Release> answer =
        ClientFutures.awaitUninterruptibly(hold.handle.releaseFuture(), callTimeoutNanos);
    if (!wasHeld) {
      hold.handle.requireHeld();
    }
    if (answer.orElse(null) instanceof Release.NotHeld gone
        && gone.reason() != LossReason.RELEASED) {
      throw new LockLostException(
          hold.handle.grant().lock(),
          new GrantLoss(gone.reason(), "discovered by its release", Optional.empty()));
    }
  }

  @Override
  public boolean isHeldByCurrentThread() {
    ThreadHold hold = currentHold();
    return hold != null && hold.handle.isHeld();
  }

  @Override
  public FencingToken requireHeld() {
    return requireHold().handle.requireHeld();
  }

  @Override
  public Condition newCondition() {
    throw new UnsupportedOperationException("a lock of many processes has no conditions");
  }

  @Override
  public String toString() {
    return lock.name();
  }

  private @Nullable ThreadHold currentHold() {
    return holds.find(lock.name());
  }

  private ThreadHold requireHold() {
    ThreadHold hold = currentHold();
    if (hold == null) {
      throw new IllegalMonitorStateException(lock.name() + " is not locked by this thread");
    }
    return hold;
  }

  private static boolean reenter(ThreadHold hold) {
    if (!hold.handle.isHeld()) {
      return false;
    }
    hold.depth++;
    return true;
  }

  private boolean enter(Optional<LockHandleImpl> granted) {
    granted.ifPresent(handle -> holds.add(lock.name(), handle));
    return granted.isPresent();
  }

  private static void requireNotInterrupted() throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }
}
