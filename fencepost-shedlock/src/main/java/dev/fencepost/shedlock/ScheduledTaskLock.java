package dev.fencepost.shedlock;

import dev.fencepost.client.LockHandle;
import java.util.Optional;
import net.javacrumbs.shedlock.core.AbstractSimpleLock;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.SimpleLock;

/** The lock of one run of a task. */
final class ScheduledTaskLock extends AbstractSimpleLock {
  private final LockHandle handle;
  private final HoldPeriod period;
  private final Runnable onUnlocked;

  ScheduledTaskLock(
      LockConfiguration configuration, LockHandle handle, HoldPeriod period, Runnable onUnlocked) {
    super(configuration);
    this.handle = handle;
    this.period = period;
    this.onUnlocked = onUnlocked;
    period.onOver(handle::close);
  }

  /** Waits for the answer, since the caller may tell others that the lock is free. */
  @Override
  protected void doUnlock() {
    onUnlocked.run();
    if (!period.end()) {
      return;
    }
    try {
      handle.release(period.restOfShortest());
    } catch (InterruptedException e) {
      // Released nevertheless.
      Thread.currentThread().interrupt();
    }
  }

  /** The lock after this one is the same grant; only its period is new. */
  @Override
  protected Optional<SimpleLock> doExtend(LockConfiguration configuration) {
    if (!handle.isHeld() || !period.end()) {
      return Optional.empty();
    }
    return Optional.of(
        new ScheduledTaskLock(configuration, handle, HoldPeriod.begin(configuration), onUnlocked));
  }
}
