package dev.fencepost.cli.run;

import dev.fencepost.cli.console.CommandConsole;
import dev.fencepost.cli.console.TerminationSignals;
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
 * Sees to it that a process group ends before its lease does: a state machine that one thread
 * moves, woken by the clock, by the end of the command and by the handle that renews the grant.
 */
final class GroupGuard {
  private enum State {
    /** The command runs. */
    RUNNING,
    /** The group has been asked to end. */
    ENDING,
    /** The group is being ended by force. */
    KILLED
  }

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final CommandConsole console;
  private final ProcessGroup group;
  private final RunPlan plan;
  private final LockHandle lock;
  private final long begunNanos = System.nanoTime();

  private final ReentrantLock mutex = new ReentrantLock();
  private final Condition changed = mutex.newCondition();
  private State state = State.RUNNING;
  private HeldGrant held;
  private LeaseTimes times;
  private boolean isLost;
  private boolean isWarned;
  private boolean isUnreachableSaid;
  private long patienceEndsNanos;

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
   * Begins to watch.
   *
   * @param lock renews the grant, and tells of it
   * @param held the same grant as it stands now
   */
  static GroupGuard watch(
      CommandConsole console, ProcessGroup group, RunPlan plan, LockHandle lock, HeldGrant held) {
    GroupGuard guard = new GroupGuard(console, group, plan, lock, held);
    group.whenExited(guard::wake);
    lock.onRenewed(guard::renewed).onLost(guard::lost);
    return guard;
  }

  /** Returns when nothing of the group is alive; from then on the grant is not renewed. */
  void await() throws InterruptedException {
    mutex.lockInterruptibly();
    try {
      while (!group.hasExited() || !group.isGone()) {
        move(System.nanoTime());
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

  /** Whether the lock was lost before the group ended. */
  boolean isLost() {
    mutex.lock();
    try {
      return isLost;
    } finally {
      mutex.unlock();
    }
  }

  /** The grant as it was renewed last. */
  HeldGrant held() {
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

  /** Passes on what a terminal or a service manager wants of us. */
  void forward(TerminationSignals.Kind kind) {
    group.signal(kind);
  }

  private void renewed() {
    // In this order: what is read of the handle later may only be less.
    long now = System.nanoTime();
    Duration left = lock.remaining();
    mutex.lock();
    try {
      // What was given up stays given up: the group has been told to end.
      if (isLost || left.isZero()) {
        return;
      }
      isWarned = false;
      held = held.until(now + left.toNanos());
      times = LeaseTimes.of(held, plan.killAfter());
      group.prolong(times);
      warnOfUnreachable();
    } catch (IOException e) {
      console.note("the watchdog is gone: " + e.getMessage());
    } finally {
      mutex.unlock();
    }
  }

  /** Said once: nothing can be done about it while the command runs. */
  private void warnOfUnreachable() {
    OptionalLong process = isUnreachableSaid ? OptionalLong.empty() : group.unreachable();
    if (process.isPresent()) {
      isUnreachableSaid = true;
      console.note(
          "process "
              + process.getAsLong()
              + " of the command is another user's: it cannot be ended if the lock is lost");
    }
  }

  private void lost(GrantLoss why) {
    mutex.lock();
    try {
      lose(LockText.lost(why));
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

  private void move(long now) {
    checkLease(now);
    switch (state) {
      case RUNNING -> {
        boolean isOverdue = now - maxHoldEndsNanos() >= 0;
        if (isOverdue && !isLost) {
          console.note("the command has had the lock for as long as --max-hold allows");
          stopRenewing();
        }
        if (isLost || isOverdue || group.hasExited()) {
          group.terminate();
          patienceEndsNanos = now + plan.killAfter().toNanos();
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

  /** Gives the lock up when renewals have failed for too long. */
  private void checkLease(long now) {
    if (now - times.termAtNanos() >= 0) {
      lose("it could not be renewed in time");
    } else if (now - times.warnAtNanos() >= 0 && !isWarned && state == State.RUNNING) {
      isWarned = true;
      console.note(
          "no renewal is answered, the command has to end in "
              + WireDurations.about(Duration.ofNanos(times.termAtNanos() - now)));
    }
  }

  /** The grant stands until it is released or its lease ends. */
  private void stopRenewing() {
    try {
      lock.detach();
    } catch (LockLostException e) {
      // Nothing is left to renew; of a loss the handle tells by itself.
    }
  }

  private void lose(String why) {
    if (!isLost) {
      isLost = true;
      console.note(LockText.printable(held.grant().getName()) + " is lost: " + why);
    }
  }

  /** How long there is nothing to do. */
  private long pauseNanos(long now) {
    long next =
        switch (state) {
          case RUNNING -> Math.min(leaseNanos(now), maxHoldEndsNanos() - now);
          case ENDING -> killAtNanos() - now;
          case KILLED -> LOOK_NANOS;
        };
    if (isLost && state == State.RUNNING) {
      return 0;
    }
    return Math.min(next, group.hasExited() ? LOOK_NANOS : IDLE_NANOS);
  }

  private long leaseNanos(long now) {
    return (isWarned ? times.termAtNanos() : times.warnAtNanos()) - now;
  }

  private long killAtNanos() {
    return patienceEndsNanos - times.killAtNanos() < 0 ? patienceEndsNanos : times.killAtNanos();
  }

  private long maxHoldEndsNanos() {
    // Far away, and yet within the range in which differences of the clock make sense.
    return begunNanos + plan.maxHold().map(Duration::toNanos).orElse(Long.MAX_VALUE / 2);
  }
}
