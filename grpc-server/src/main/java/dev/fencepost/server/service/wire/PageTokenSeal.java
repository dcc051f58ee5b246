package dev.fencepost.server.service.wire;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals positions in listings as page tokens. A position may contain the name of a lock that the
 * caller may not see, so it is encrypted (AES-GCM, NIST SP 800-38D) under a key of this replica
 * that is in memory only. A token is valid for the prefix that it was made for, and at this replica
 * until it ends. Thread-safe.
 */
public final class PageTokenSeal {
  private static final String FIELD = "page_token";
  private static final String ALGORITHM = "AES/GCM/NoPadding";
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecureRandom random;
  private final SecretKey key;

  /** Creates a seal with a key of its own. */
  public PageTokenSeal(SecureRandom random) {
    byte[] secret = new byte[KEY_BYTES];
    random.nextBytes(secret);
    this.random = random;
    this.key = new SecretKeySpec(secret, "AES");
  }

  /** Returns the token, URL-safe text: a nonce and the encrypted position. */
  public String seal(String prefix, Cursor end) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] position = end.opaque().getBytes(StandardCharsets.UTF_8);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, nonce, prefix);
      byte[] token = Arrays.copyOf(nonce, NONCE_BYTES + cipher.getOutputSize(position.length));
      cipher.doFinal(position, 0, position.length, token, NONCE_BYTES);
      return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JVM has no AES-GCM", e);
    }
  }

  /**
   * Returns the position in a token.
   *
   * @throws InvalidValueException if this replica did not make the token for this prefix
   */
  public Cursor open(String token, String prefix) {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(token);
      if (bytes.length < NONCE_BYTES + TAG_BITS / Byte.SIZE) {
        throw refused(token);
      }
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, Arrays.copyOf(bytes, NONCE_BYTES), prefix);
      byte[] position = cipher.doFinal(bytes, NONCE_BYTES, bytes.length - NONCE_BYTES);
      return new Cursor(new String(position, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException | GeneralSecurityException e) {
      throw refused(token);
    }
  }

  private Cipher cipher(int mode, byte[] nonce, String prefix) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance(ALGORITHM);
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(prefix.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private static InvalidValueException refused(String token) {
    return InvalidValueException.of(
        FIELD,
        token,
        "the next_page_token of this server for the same prefix, unchanged; or none, to begin"
            + " again");
  }
}
