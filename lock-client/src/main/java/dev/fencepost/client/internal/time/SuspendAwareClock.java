package dev.fencepost.client.internal.time;

import java.util.function.LongSupplier;

/**
 * A monotonic clock that also counts the time during which the machine was suspended.
 *
 * <p>On many systems the monotonic clock stands still while a machine or a virtual machine is
 * suspended, but a lease does not. The wall clock shows the pause afterwards: if it ran ahead of
 * the monotonic clock, this clock jumps by the difference. A wall clock that was set forward has
 * the same effect, which shortens leases and never lengthens one. A wall clock that was set back
 * has no effect.
 */
public final class SuspendAwareClock implements ClientClock {
  /** The wall clock may run ahead of the monotonic clock by this much before it counts. */
  static final long TOLERANCE_NANOS = 20_000_000;

  private static final long NANOS_PER_MILLI = 1_000_000;

  private final LongSupplier monotonicNanos;
  private final LongSupplier wallMillis;
  private volatile Reading reading;

  /**
   * How far the wall clock was ahead at the last correction, and the sum to add to the monotonic
   * clock.
   */
  private record Reading(long aheadNanos, long addedNanos) {}

  SuspendAwareClock(LongSupplier monotonicNanos, LongSupplier wallMillis) {
    this.monotonicNanos = monotonicNanos;
    this.wallMillis = wallMillis;
    long monotonic = monotonicNanos.getAsLong();
    this.reading = new Reading(aheadNanos(monotonic), 1 - monotonic);
  }

  /** Uses this machine's clocks. */
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
