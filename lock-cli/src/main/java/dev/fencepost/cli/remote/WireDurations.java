package dev.fencepost.cli.remote;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Converts durations to and from the wire, and prints them for people. */
public final class WireDurations {
  private static final long SECOND_MILLIS = 1_000;
  private static final long MINUTE_SECONDS = 60;
  private static final long HOUR_MINUTES = 60;
  private static final long DAY_HOURS = 24;

  private WireDurations() {}

  public static com.google.protobuf.Duration toWire(Duration span) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(span.getSeconds())
        .setNanos(span.getNano())
        .build();
  }

  public static Duration fromWire(com.google.protobuf.Duration span) {
    return Duration.ofSeconds(span.getSeconds(), span.getNanos());
  }

  public static String printRounded(com.google.protobuf.Duration span) {
    return printRounded(fromWire(span));
  }

  /** Prints the two largest units, rounded down: {@code 850ms}, {@code 12.3s}, {@code 4m 5s}. */
  public static String printRounded(Duration span) {
    long millis = Math.max(0, span.toMillis());
    if (millis < SECOND_MILLIS) {
      return millis + "ms";
    }
    if (millis < SECOND_MILLIS * MINUTE_SECONDS) {
      long tenths = millis % SECOND_MILLIS / 100;
      return millis / SECOND_MILLIS + (tenths == 0 ? "" : "." + tenths) + "s";
    }
    long minutes = TimeUnit.MILLISECONDS.toMinutes(millis);
    if (minutes < HOUR_MINUTES) {
      return pair(minutes, "m", millis / SECOND_MILLIS % MINUTE_SECONDS, "s");
    }
    long hours = minutes / HOUR_MINUTES;
    if (hours < DAY_HOURS) {
      return pair(hours, "h", minutes % HOUR_MINUTES, "m");
    }
    return pair(hours / DAY_HOURS, "d", hours % DAY_HOURS, "h");
  }

  private static String pair(long more, String unit, long less, String lesserUnit) {
    return more + unit + (less == 0 ? "" : " " + less + lesserUnit);
  }
}
