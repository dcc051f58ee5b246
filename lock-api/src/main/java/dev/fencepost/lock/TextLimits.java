package dev.fencepost.lock;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Checks of names and other texts: a length in bytes of UTF-8, no control characters. */
final class TextLimits {
  private TextLimits() {}

  /** Checks that a name has 1 to {@code maxBytes} bytes of UTF-8 and no control character. */
  static String requireName(String field, String value, int maxBytes) {
    int bytes = utf8Bytes(field, value);
    if (bytes == 0) {
      throw InvalidValueException.of(field, value, "1–" + maxBytes + " bytes of UTF-8, not empty");
    }
    if (bytes > maxBytes) {
      throw InvalidValueException.of(
          field, value, "1–" + maxBytes + " bytes of UTF-8, not " + bytes);
    }
    for (int i = 0; i < value.length(); i++) {
      if (Character.isISOControl(value.charAt(i))) {
        throw InvalidValueException.of(
            field, value, "no control characters; there is one at position " + i);
      }
    }
    return value;
  }

  /** Checks that a text has at most {@code maxBytes} bytes of UTF-8. */
  static String requireAtMost(String field, String value, int maxBytes) {
    int bytes = utf8Bytes(field, value);
    if (bytes > maxBytes) {
      throw InvalidValueException.of(
          field, value, "at most " + maxBytes + " bytes of UTF-8, not " + bytes);
    }
    return value;
  }

  /** Returns the length in bytes; a lone surrogate has none and is refused. */
  static int utf8Bytes(String field, String value) {
    if (isAscii(value)) {
      return value.length();
    }
    try {
      ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
      return encoded.remaining();
    } catch (CharacterCodingException e) {
      throw InvalidValueException.of(field, value, "well-formed Unicode");
    }
  }

  /** Most texts are ASCII, for which an encoder would be most of the work. */
  private static boolean isAscii(String value) {
    for (int i = 0; i < value.length(); i++) {
      if (value.charAt(i) > 0x7f) {
        return false;
      }
    }
    return true;
  }
}
