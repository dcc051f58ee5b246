package dev.fencepost.server.service;

import com.google.protobuf.Duration;
import dev.fencepost.lock.InvalidValueException;

/** Durations on the wire and in the domain. */
final class WireDuration {
  private static final int NANOS_PER_SECOND = 1_000_000_000;

  private WireDuration() {}

  /**
   * The duration that the message means.
   *
   * @throws InvalidValueException if it means none
   */
  static java.time.Duration of(String field, Duration wire) {
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

  static Duration of(java.time.Duration value) {
    return Duration.newBuilder().setSeconds(value.getSeconds()).setNanos(value.getNano()).build();
  }
}
