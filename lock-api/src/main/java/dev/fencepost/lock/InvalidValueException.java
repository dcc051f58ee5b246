package dev.fencepost.lock;

import java.util.Locale;

/**
 * A value that breaks its documented limits. Nothing has happened when it is thrown.
 *
 * <p>The message reads {@code name: value (expected: …)}. The value is shortened and made
 * printable; secrets are never part of it.
 */
public final class InvalidValueException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN_CHARS = 64;

  private final String field;
  private final String shownValue;
  private final String expected;

  /** Reports that {@code value}, given for {@code field}, is not what was {@code expected}. */
  public static InvalidValueException of(String field, Object value, String expected) {
    return new InvalidValueException(field, printable(String.valueOf(value)), expected);
  }

  private InvalidValueException(String field, String shownValue, String expected) {
    super(field + ": " + shownValue + " (expected: " + expected + ")");
    this.field = field;
    this.shownValue = shownValue;
    this.expected = expected;
  }

  /** The same fault, reported under the path by which the caller knows the field. */
  public InvalidValueException at(String path) {
    return new InvalidValueException(path, shownValue, expected);
  }

  /** The field's name or path. */
  public String field() {
    return field;
  }

  /** The refused value, shortened, without control characters. */
  public String shownValue() {
    return shownValue;
  }

  /** The limit that it broke. */
  public String expected() {
    return expected;
  }

  private static String printable(String text) {
    StringBuilder out = new StringBuilder("\"");
    int shown = Math.min(text.length(), SHOWN_CHARS);
    for (int i = 0; i < shown; i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c) || (Character.isSurrogate(c) && !pairedAt(text, i))) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append(text.length() > shown ? "…\"" : "\"").toString();
  }

  private static boolean pairedAt(String text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
        ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
  }
}
