package dev.fencepost.client.internal.time;

import java.util.function.LongSupplier;

/**
 * A monotonic clock that also counts what the machine slept through.
 *
 * <p>On many systems the monotonic clock stands still while a machine or a virtual machine is
 * suspended, and a lease does not. The wall clock shows it afterwards: if it ran ahead of the
 * monotonic one, this clock jumps by as much. A wall clock that was merely set forward has the same
 * effect, which shortens leases and never lengthens one; one that was set back has none.
 */
public final class SuspendAwareClock implements ClientClock {
  /** What the wall clock may run ahead of the monotonic one before it counts. */
  static final long TOLERANCE_NANOS = 20_000_000;

  private static final long NANOS_PER_MILLI = 1_000_000;

  private final LongSupplier monotonicNanos;
  private final LongSupplier wallMillis;
  private volatile Reading reading;

  /** How far the wall clock is ahead, as last counted, and what to add to the monotonic clock. */
  private record Reading(long aheadNanos, long addedNanos) {}

  SuspendAwareClock(LongSupplier monotonicNanos, LongSupplier wallMillis) {
    this.monotonicNanos = monotonicNanos;
    this.wallMillis = wallMillis;
    long monotonic = monotonicNanos.getAsLong();
    this.reading = new Reading(aheadNanos(monotonic), 1 - monotonic);
  }

  /** This machine's clocks. */
  public static SuspendAwareClock ofSystem() {
    return new SuspendAwareClock(System::nanoTime, System::currentTimeMillis);
  }

  @Override
  public long nanos() {
    Reading last = reading;
    long monotonic = monotonicNanos.getAsLong();
    long gained = aheadNanos(monotonic) - last.aheadNanos;
    if (Math.abs(gained) <= TOLERANCE_NANOS) {
      return monotonic + last.addedNanos;
    }
    return monotonic + count();
  }

  private synchronized long count() {
    Reading last = reading;
    long ahead = aheadNanos(monotonicNanos.getAsLong());
    long gained = ahead - last.aheadNanos;
    if (Math.abs(gained) > TOLERANCE_NANOS) {
      reading = new Reading(ahead, last.addedNanos + Math.max(0, gained));
    }
    return reading.addedNanos;
  }

  private long aheadNanos(long monotonic) {
    return wallMillis.getAsLong() * NANOS_PER_MILLI - monotonic;
  }
}
