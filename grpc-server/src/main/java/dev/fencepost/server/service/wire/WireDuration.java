package dev.fencepost.server.service.wire;

import com.google.protobuf.Duration;
import dev.fencepost.lock.InvalidValueException;

/** Converts durations between the wire and the domain. */
public final class WireDuration {
  private static final int NANOS_PER_SECOND = 1_000_000_000;

  private WireDuration() {}

  /**
   * Reads the duration in a message.
   *
   * @throws InvalidValueException if it is no valid duration
   */
  public static java.time.Duration of(String field, Duration wire) {
    long seconds = wire.getSeconds();
    int nanos = wire.getNanos();
    boolean mixed = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
    if (mixed || nanos <= -NANOS_PER_SECOND || nanos >= NANOS_PER_SECOND) {
      throw InvalidValueException.of(
          field, seconds + " s and " + nanos + " ns", "less than 1 s in nanos, of the same sign");
    }
    try {
      return java.time.Duration.ofSeconds(seconds, nanos);
    } catch (ArithmeticException e) {
      throw InvalidValueException.of(field, seconds + " s", "a duration");
    }
  }

  public static Duration of(java.time.Duration value) {
    return Duration.newBuilder().setSeconds(value.getSeconds()).setNanos(value.getNano()).build();
  }
}
