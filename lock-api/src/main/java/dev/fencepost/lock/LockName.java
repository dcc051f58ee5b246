package dev.fencepost.lock;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The name of a lock: 1–512 bytes of UTF-8 without control characters. Any other character is legal
 * and nothing but {@code /}, which groups names for listing, is special. Names are compared byte
 * for byte: two different strings are two different locks, and their order is the order of their
 * bytes.
 *
 * @param value the name as its users write it
 */
public record LockName(String value) implements Comparable<LockName> {
  /** Longest name, in bytes of UTF-8. */
  public static final int MAX_BYTES = 512;

  /** Checks the limits and throws {@link InvalidValueException} for the field {@code name}. */
  public LockName {
    TextLimits.requireName("name", value, MAX_BYTES);
  }

  /** The name as the stores keep it. */
  public byte[] utf8() {
    return value.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public int compareTo(LockName other) {
    return Arrays.compareUnsigned(utf8(), other.utf8());
  }

  @Override
  public String toString() {
    return value;
  }
}
