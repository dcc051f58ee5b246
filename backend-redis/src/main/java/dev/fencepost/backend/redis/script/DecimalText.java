package dev.fencepost.backend.redis.script;

import java.nio.charset.StandardCharsets;

/** Numbers as text of a fixed width, which the scripts compare and cut as text. */
public final class DecimalText {
  /** Width of a token. */
  public static final int TOKEN_WIDTH = 19;

  /** Width of the microseconds since 1970. */
  public static final int MICROS_WIDTH = 16;

  private DecimalText() {}

  /** The number, filled up with zeros on the left. */
  public static byte[] of(long number, int width) {
    byte[] digits = new byte[width];
    long left = number;
    for (int i = width - 1; i >= 0; i--) {
      digits[i] = (byte) ('0' + left % 10);
      left /= 10;
    }
    return digits;
  }

  /** The number in as few digits as it needs. */
  public static byte[] of(long number) {
    return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
  }
}
