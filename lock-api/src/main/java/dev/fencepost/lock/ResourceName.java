package dev.fencepost.lock;

import java.nio.charset.StandardCharsets;

/**
 * The name of a protected resource that has a fence mark: 1–512 bytes of UTF-8 without control
 * characters, chosen by its users. A resource is fenced by the tokens of one lock only.
 *
 * @param value the name as its users write it
 */
public record ResourceName(String value) {
  /** Longest name, in bytes of UTF-8. */
  public static final int MAX_BYTES = 512;

  /** Checks the limits and throws {@link InvalidValueException} for the field {@code resource}. */
  public ResourceName {
    TextLimits.requireName("resource", value, MAX_BYTES);
  }

  /** The name as the stores keep it. */
  public byte[] utf8() {
    return value.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return value;
  }
}
