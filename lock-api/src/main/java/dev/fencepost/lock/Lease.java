package dev.fencepost.lock;

import java.time.Duration;

/**
 * How long a grant stands without being renewed, and how long its lock stays closed if the lease
 * runs out. Both are fixed when the grant is made and are whole milliseconds, rounded up.
 *
 * @param ttl 2 s – 24 h
 * @param lockDelay 0 – 10 min; after the lease <em>expired</em> (not: was released) nobody is
 *     granted the lock for this much longer
 */
public record Lease(Duration ttl, Duration lockDelay) {
  /** Shortest lease on any store. */
  public static final Duration MIN_TTL = Duration.ofSeconds(2);

  /** Longest lease on any store. */
  public static final Duration MAX_TTL = Duration.ofHours(24);

  /** Longest lock delay. */
  public static final Duration MAX_LOCK_DELAY = Duration.ofMinutes(10);

  private static final Duration LEAST_MARGIN = Duration.ofMillis(50);

  /** Checks both ranges and throws {@link InvalidValueException} naming the field that is off. */
  public Lease {
    requireBetween("ttl", ttl, MIN_TTL, MAX_TTL);
    requireBetween("lock_delay", lockDelay, Duration.ZERO, MAX_LOCK_DELAY);
    ttl = upToMillis(ttl);
    lockDelay = upToMillis(lockDelay);
  }

  /** A lease without lock delay. */
  public static Lease of(Duration ttl) {
    return new Lease(ttl, Duration.ZERO);
  }

  /** The part of the lease that a holder may use: the ttl less a margin for drifting clocks. */
  public Duration validFor() {
    Duration tenth = ttl.dividedBy(10);
    return ttl.minus(tenth.compareTo(LEAST_MARGIN) > 0 ? tenth : LEAST_MARGIN);
  }

  /** When a holder should send its next renewal: two more tries fit before the lease ends. */
  public Duration renewAfter() {
    return ttl.dividedBy(3);
  }

  /** Lease and delay together: the longest time that an abandoned grant keeps its lock closed. */
  public Duration whole() {
    return ttl.plus(lockDelay);
  }

  /** The duration itself, if it lies in the range, both ends included. */
  public static Duration requireBetween(
      String field, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw InvalidValueException.of(
          field,
          DurationFormat.print(value),
          DurationFormat.print(least) + "–" + DurationFormat.print(most));
    }
    return value;
  }

  private static Duration upToMillis(Duration value) {
    Duration floor = Duration.ofMillis(value.toMillis());
    return floor.equals(value) ? value : floor.plusMillis(1);
  }
}
