package dev.fencepost.lock;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Identifies one attempt to own a lock through every retry and replica, and proves ownership: 22–64
 * of {@code [A-Za-z0-9_-]}, 128 random bits, chosen by the caller and never reused.
 *
 * <p>It is a secret. {@link #toString()} shows the {@link #tag()} only.
 *
 * @param value the id itself
 */
public record ClaimId(String value) {
  private static final int MIN_LENGTH = 22;
  private static final int MAX_LENGTH = 64;
  private static final int TAG_BYTES = 8;

  /** Checks the syntax and throws {@link InvalidValueException} for the field {@code claim_id}. */
  public ClaimId {
    if (!isWellFormed(value)) {
      throw InvalidValueException.of(
          "claim_id",
          value.length() + " characters, not shown",
          "22–64 of [A-Za-z0-9_-], holding 128 random bits");
    }
  }

  /** The first 16 hex digits of SHA-256: tells claims apart and gives no right to them. */
  public String tag() {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(value.getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(digest, 0, TAG_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return "ClaimId[tag=" + tag() + "]";
  }

  /**
   * Hand-written: a regular expression was the most expensive part of an attempt on the client's
   * side of a store.
   */
  private static boolean isWellFormed(String value) {
    if (value.length() < MIN_LENGTH || value.length() > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      boolean isLetter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!isLetter && !(c >= '0' && c <= '9') && c != '_' && c != '-') {
        return false;
      }
    }
    return true;
  }
}
