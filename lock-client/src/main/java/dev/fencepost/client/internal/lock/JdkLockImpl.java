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
 * One view of a lock as the JDK's interface. Among the threads of one process each is a claim of
 * its own, so they stand in one line with everybody else.
 */
final class JdkLockImpl implements JdkLock {
  /** For the answer of a server that has waited as long as it was told. */
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
    ThreadHold hold = mine();
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
    ThreadHold hold = mine();
    if (hold == null) {
      holds.add(lock.name(), lock.acquireHandle());
    } else {
      hold.handle.requireHeld();
      hold.depth++;
    }
  }

  @Override
  public boolean tryLock() {
    ThreadHold hold = mine();
    return hold == null ? enter(lock.tryOnce()) : enterAgain(hold);
  }

  @Override
  public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
    requireNotInterrupted();
    ThreadHold hold = mine();
    if (hold != null) {
      return enterAgain(hold);
    }
    return enter(lock.tryWithin(Math.max(0, unit.toNanos(time)), ANSWER_NANOS));
  }

  @Override
  public void unlock() {
    ThreadHold hold = require();
    if (--hold.depth > 0) {
      return;
    }
    holds.remove(lock.name());
    boolean wasHeld = hold.handle.isHeld();
    Optional<Release> answer =
        ClientFutures.uninterruptibly(hold.handle.releaseNow(), callTimeoutNanos);
    if (!wasHeld) {
      hold.handle.requireHeld();
    }
    if (answer.orElse(null) instanceof Release.NotHeld gone
        && gone.reason() != LossReason.RELEASED) {
      throw new LockLostException(
          hold.handle.grant().lock(),
          new GrantLoss(gone.reason(), "found out by its release", Optional.empty()));
    }
  }

  @Override
  public boolean isHeldByCurrentThread() {
    ThreadHold hold = mine();
    return hold != null && hold.handle.isHeld();
  }

  @Override
  public FencingToken requireHeld() {
    return require().handle.requireHeld();
  }

  @Override
  public Condition newCondition() {
    throw new UnsupportedOperationException("a lock of many processes has no conditions");
  }

  @Override
  public String toString() {
    return lock.name();
  }

  private @Nullable ThreadHold mine() {
    return holds.find(lock.name());
  }

  private ThreadHold require() {
    ThreadHold hold = mine();
    if (hold == null) {
      throw new IllegalMonitorStateException(lock.name() + " is not locked by this thread");
    }
    return hold;
  }

  private static boolean enterAgain(ThreadHold hold) {
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
