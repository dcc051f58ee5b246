package dev.fencepost.server.identity;

import dev.fencepost.lock.InvalidValueException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A static bearer token: {@code fpt_} and 43 characters for 256 random bits. The server keeps its
 * SHA-256 only. A fast hash is right, because nobody can guess 256 bits.
 *
 * @param name name of its principal, {@code token:NAME}
 * @param text the secret
 */
public record StaticToken(String name, String text) {
  static final String PREFIX = "fpt_";
  static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,63}");
  private static final int RANDOM_BYTES = 32;

  /**
   * Creates a token.
   *
   * @throws InvalidValueException if the name is invalid
   */
  public static StaticToken create(String name, SecureRandom random) {
    if (!NAME.matcher(name).matches()) {
      throw InvalidValueException.of("name", name, "1–63 characters of A-Z, a-z, 0-9, ., _ and -");
    }
    byte[] secret = new byte[RANDOM_BYTES];
    random.nextBytes(secret);
    return new StaticToken(
        name, PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
  }

  /** Returns the line of the tokens file. It contains no secret. */
  public String line() {
    return name + " sha256:" + hashOf(text);
  }

  /** Returns the SHA-256 of a token in hex digits. */
  static String hashOf(String token) {
    try {
      byte[] bytes = token.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Hides the secret. */
  @Override
  public String toString() {
    return "token:" + name + " ***";
  }
}
