package dev.fencepost.lock;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

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

  /** Reads a name as the stores keep it; empty if no lock has it. */
  public static Optional<LockName> fromUtf8(byte[] bytes) {
    try {
      LockName name = new LockName(new String(bytes, StandardCharsets.UTF_8));
      return Arrays.equals(bytes, name.utf8()) ? Optional.of(name) : Optional.empty();
    } catch (InvalidValueException e) {
      return Optional.empty();
    }
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
