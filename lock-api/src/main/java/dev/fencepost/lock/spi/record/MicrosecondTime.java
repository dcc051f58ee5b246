package dev.fencepost.lock.spi.record;

import java.time.Duration;
import java.time.Instant;

/** Microseconds, the unit in which records keep time. */
public final class MicrosecondTime {
  private static final long NANOS = 1_000L;
  private static final long PER_SECOND = 1_000_000L;

  private MicrosecondTime() {}

  /** The length of a duration, parts of a microsecond cut off. */
  public static long of(Duration duration) {
    return duration.getSeconds() * PER_SECOND + duration.getNano() / NANOS;
  }

  /** The microseconds since 1970. */
  public static long of(Instant instant) {
    return instant.getEpochSecond() * PER_SECOND + instant.getNano() / NANOS;
  }

  /** Returns the duration of the given microseconds. */
  public static Duration duration(long micros) {
    return Duration.ofSeconds(
        Math.floorDiv(micros, PER_SECOND), Math.floorMod(micros, PER_SECOND) * NANOS);
  }

  /** Returns the instant that many microseconds after 1970. */
  public static Instant instant(long micros) {
    return Instant.EPOCH.plus(duration(micros));
  }

  /** The nanoseconds since 1970, in which tokens count. */
  static long toNanos(long micros) {
    return Math.multiplyExact(micros, NANOS);
  }
}
