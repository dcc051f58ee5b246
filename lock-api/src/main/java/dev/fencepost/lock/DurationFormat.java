package dev.fencepost.lock;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as people write them: {@code 250ms}, {@code 1.5s}, {@code 10m}, {@code 24h}, {@code
 * 7d}.
 */
public final class DurationFormat {
  private static final Pattern SYNTAX = Pattern.compile("(-?\\d{1,9}(?:\\.\\d{1,9})?)(ms|s|m|h|d)");

  private DurationFormat() {}

  /**
   * Reads a number with a unit (ms, s, m, h or d); plain {@code 0} needs none.
   *
   * @throws InvalidValueException naming {@code field}, if it is anything else
   */
  public static Duration parse(String field, String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      throw InvalidValueException.of(field, text, "a number and a unit: 250ms, 1.5s, 10m, 24h, 7d");
    }
    BigDecimal nanos =
        new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(nanosOf(matcher.group(2))));
    return Duration.ofSeconds(
        nanos.divideToIntegralValue(BigDecimal.valueOf(1_000_000_000L)).longValue(),
        nanos.remainder(BigDecimal.valueOf(1_000_000_000L)).longValue());
  }

  /**
   * Writes the duration with the largest unit that needs no fraction (a day is 24h);
   * sub-millisecond parts as seconds.
   */
  public static String print(Duration value) {
    long millis;
    try {
      millis = value.toMillis();
    } catch (ArithmeticException e) {
      return value.toString();
    }
    if (!Duration.ofMillis(millis).equals(value)) {
      return BigDecimal.valueOf(value.getSeconds())
              .add(BigDecimal.valueOf(value.getNano(), 9))
              .stripTrailingZeros()
              .toPlainString()
          + "s";
    }
    for (String unit : new String[] {"d", "h", "m", "s"}) {
      long unitMillis = nanosOf(unit) / 1_000_000;
      boolean oneDay = unit.equals("d") && millis == unitMillis;
      if (millis != 0 && millis % unitMillis == 0 && !oneDay) {
        return millis / unitMillis + unit;
      }
    }
    return millis == 0 ? "0s" : millis + "ms";
  }

  private static long nanosOf(String unit) {
    return switch (unit) {
      case "ms" -> 1_000_000L;
      case "s" -> 1_000_000_000L;
      case "m" -> 60_000_000_000L;
      case "h" -> 3_600_000_000_000L;
      case "d" -> 86_400_000_000_000L;
      default -> throw new IllegalArgumentException("unit: " + unit);
    };
  }
}
