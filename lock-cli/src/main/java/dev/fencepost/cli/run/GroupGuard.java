package dev.fencepost.cli.run;

import dev.fencepost.cli.console.CommandConsole;
import dev.fencepost.cli.console.CommandSignals;
import dev.fencepost.cli.remote.HeldGrant;
import dev.fencepost.cli.remote.LockText;
import dev.fencepost.cli.remote.WireDurations;
import dev.fencepost.client.LockHandle;
import dev.fencepost.client.LockLostException;
import dev.fencepost.lock.GrantLoss;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Ends a process group before its lease ends. A state machine that one thread advances, woken by
 * the clock, by the exit of the command and by the handle that renews the grant.
 */
final class GroupGuard {
  private enum State {
    /** The command runs. */
    RUNNING,
    /** The group got TERM. */
    ENDING,
    /** The group got KILL. */
    KILLED
  }

  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final CommandConsole console;
  private final ProcessGroup group;
  private final RunPlan plan;
  private final LockHandle lock;
  private final long startNanos = System.nanoTime();

  private final ReentrantLock mutex = new ReentrantLock();
  private final Condition changed = mutex.newCondition();
  private State state = State.RUNNING;
  private HeldGrant held;
  private LeaseTimes times;
  private boolean isLost;
  private boolean isWarned;
  private boolean isUnreachableNoted;
  private long graceEndsNanos;

  private GroupGuard(
      CommandConsole console, ProcessGroup group, RunPlan plan, LockHandle lock, HeldGrant held) {
    this.console = console;
    this.group = group;
    this.plan = plan;
    this.lock = lock;
    this.held = held;
    this.times = LeaseTimes.of(held, plan.killAfter());
  }

  /**
   * Starts to guard a group.
   *
   * @param lock renews the grant and reports renewals and losses
   * @param held the same grant after its last renewal
   */
  static GroupGuard watch(
      CommandConsole console, ProcessGroup group, RunPlan plan, LockHandle lock, HeldGrant held) {
    GroupGuard guard = new GroupGuard(console, group, plan, lock, held);
    group.whenExited(guard::wake);
    lock.onRenewed(guard::onRenewed).onLost(guard::onLost);
    return guard;
  }

  /** Waits until no process of the group is alive, then stops the renewals. */
  void await() throws InterruptedException {
    mutex.lockInterruptibly();
    try {
      while (!group.hasExited() || !group.isGone()) {
        advance(System.nanoTime());
        long pause = pauseNanos(System.nanoTime());
        if (pause > 0) {
          changed.awaitNanos(pause);
        }
      }
      checkLease(System.nanoTime());
    } finally {
      stopRenewing();
      mutex.unlock();
    }
    group.close();
  }

  /** True if the lock was lost before the group ended. */
  boolean isLost() {
    mutex.lock();
    try {
      return isLost;
    } finally {
      mutex.unlock();
    }
  }

  /** The grant after its last renewal. */
  HeldGrant lastGrant() {
    mutex.lock();
    try {
      return held;
    } finally {
      mutex.unlock();
    }
  }

  /** The command's own exit code. */
  int exitCode() {
    return group.exitCode();
  }

  /** Passes a signal that this process got on to the group. */
  void forward(CommandSignals.Kind kind) {
    group.signal(kind);
  }

  private void onRenewed() {
    // The clock is read first: a pause before the second line only makes the lease shorter.
    long now = System.nanoTime();
    Duration left = lock.remaining();
    mutex.lock();
    try {
      // A lock that was given up stays given up, since the group got TERM.
      if (isLost || left.isZero()) {
        return;
      }
      isWarned = false;
      held = held.renewedUntil(now + left.toNanos());
      times = LeaseTimes.of(held, plan.killAfter());
      group.extendLease(times);
      warnOfUnreachable();
    } catch (IOException e) {
      console.note("the watchdog is gone: " + e.getMessage());
    } finally {
      mutex.unlock();
    }
  }

  /** Warns once of a process that we may not signal; nothing can be done while it runs. */
  private void warnOfUnreachable() {
    OptionalLong process = isUnreachableNoted ? OptionalLong.empty() : group.findUnreachable();
    if (process.isPresent()) {
      isUnreachableNoted = true;
      console.note(
          "process "
              + process.getAsLong()
              + " of the command is another user's: it cannot be ended if the lock is lost");
    }
  }

  private void onLost(GrantLoss loss) {
    mutex.lock();
    try {
      recordLoss(LockText.describeLoss(loss));
      changed.signalAll();
    } finally {
      mutex.unlock();
    }
  }

  private void wake() {
    mutex.lock();
    try {
      changed.signalAll();
    } finally {
      mutex.unlock();
    }
  }

  private void advance(long now) {
    checkLease(now);
    switch (state) {
      case RUNNING -> {
        boolean isOverdue = now - maxHoldEndsNanos() >= 0;
        if (isOverdue && !isLost) {
          console.note("the command has held the lock for as long as --max-hold allows");
          stopRenewing();
        }
        if (isLost || isOverdue || group.hasExited()) {
          group.terminate();
          graceEndsNanos = now + plan.killAfter().toNanos();
          state = State.ENDING;
        }
      }
      case ENDING -> {
        if (now - killAtNanos() >= 0) {
          group.kill();
          state = State.KILLED;
        }
      }
      case KILLED -> group.killOneByOne();
    }
  }

  /** Treats the lock as lost when renewals have failed for too long. */
  private void checkLease(long now) {
    if (now - times.termAtNanos() >= 0) {
      recordLoss("it could not be renewed in time");
    } else if (now - times.warnAtNanos() >= 0 && !isWarned && state == State.RUNNING) {
      isWarned = true;
      console.note(
          "no renewal is answered, the command has to end in "
              + WireDurations.printRounded(Duration.ofNanos(times.termAtNanos() - now)));
    }
  }

  /** Stops the renewals. The grant lasts until its release or the end of its lease. */
  private void stopRenewing() {
    try {
      lock.detach();
    } catch (LockLostException e) {
      // There is nothing left to renew, and the handle reports the loss to onLost.
    }
  }

  private void recordLoss(String reason) {
    if (!isLost) {
      isLost = true;
      console.note(LockText.printable(held.grant().getName()) + " is lost: " + reason);
    }
  }

  /** The time until the next action. */
  private long pauseNanos(long now) {
    long next =
        switch (state) {
          case RUNNING -> Math.min(leaseNanos(now), maxHoldEndsNanos() - now);
          case ENDING -> killAtNanos() - now;
          case KILLED -> POLL_NANOS;
        };
    if (isLost && state == State.RUNNING) {
      return 0;
    }
    return Math.min(next, group.hasExited() ? POLL_NANOS : IDLE_NANOS);
  }

  private long leaseNanos(long now) {
    return (isWarned ? times.termAtNanos() : times.warnAtNanos()) - now;
  }

  private long killAtNanos() {
    return graceEndsNanos - times.killAtNanos() < 0 ? graceEndsNanos : times.killAtNanos();
  }

  private long maxHoldEndsNanos() {
    // Half the range: System.nanoTime differences beyond that would overflow.
    return startNanos + plan.maxHold().map(Duration::toNanos).orElse(Long.MAX_VALUE / 2);
  }
}
