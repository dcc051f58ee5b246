package dev.fencepost.backend.redis.script;

import java.nio.charset.StandardCharsets;

/** Numbers as decimal text. Those of a fixed width are compared and cut as text by the scripts. */
public final class DecimalText {
  /** Width of a token. */
  public static final int TOKEN_WIDTH = 19;

  /** Width of the microseconds since 1970. */
  public static final int MICROS_WIDTH = 16;

  private DecimalText() {}

  /** Writes a token, with leading zeros. */
  public static byte[] ofToken(long token) {
    return of(token, TOKEN_WIDTH);
  }

  /** Writes the number with leading zeros. */
  public static byte[] of(long number, int width) {
    byte[] digits = new byte[width];
    long left = number;
    for (int i = width - 1; i >= 0; i--) {
      digits[i] = (byte) ('0' + left % 10);
      left /= 10;
    }
    return digits;
  }

  /** Writes the number without leading zeros. */
  public static byte[] of(long number) {
    return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
  }
}
