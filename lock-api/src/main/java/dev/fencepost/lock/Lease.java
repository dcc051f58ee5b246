package dev.fencepost.lock;

import java.time.Duration;

/**
 * The time for which a grant is valid without being renewed, and the time for which its lock stays
 * closed if the lease expires. Both are fixed when the grant is made and are whole milliseconds,
 * rounded up.
 *
 * @param ttl 2 s – 24 h
 * @param lockDelay 0 – 10 min; after the lease <em>expired</em> (not: was released) the lock is
 *     granted to no other claim for this time
 */
public record Lease(Duration ttl, Duration lockDelay) {
  /** Shortest lease on any store. */
  public static final Duration MIN_TTL = Duration.ofSeconds(2);

  /** Longest lease on any store. */
  public static final Duration MAX_TTL = Duration.ofHours(24);

  /** Longest lock delay. */
  public static final Duration MAX_LOCK_DELAY = Duration.ofMinutes(10);

  private static final Duration LEAST_MARGIN = Duration.ofMillis(50);

  /** Checks both ranges and throws {@link InvalidValueException} naming the invalid field. */
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

  /**
   * Returns the part of the lease that a holder may use: the ttl minus a margin for clock drift.
   */
  public Duration validFor() {
    Duration tenth = part(10);
    return ttl.minus(tenth.compareTo(LEAST_MARGIN) > 0 ? tenth : LEAST_MARGIN);
  }

  /**
   * Returns the time after which a holder should send its next renewal: two more tries fit before
   * the lease ends.
   */
  public Duration renewAfter() {
    return part(3);
  }

  /** Returns lease plus delay: the longest time that an abandoned grant keeps its lock closed. */
  public Duration whole() {
    return ttl.plus(lockDelay);
  }

  /** Checks that a duration lies in the range, both ends included. */
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

  /** Divides in long arithmetic: {@link Duration#dividedBy(long)} makes big numbers. */
  private Duration part(int divisor) {
    return Duration.ofNanos(ttl.toNanos() / divisor);
  }

  private static Duration upToMillis(Duration value) {
    Duration floor = Duration.ofMillis(value.toMillis());
    return floor.equals(value) ? value : floor.plusMillis(1);
  }
}
