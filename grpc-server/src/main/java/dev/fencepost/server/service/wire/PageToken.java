package dev.fencepost.server.service.wire;

import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.spi.ListQuery.Cursor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;

/**
 * Position in one listing, as clients send it. It is opaque to clients and valid only for the
 * prefix it was made for. It protects against mix-ups, not against malice. The backend checks the
 * cursor itself.
 *
 * @param prefix prefix of the listed names
 * @param cursor end of the previous page
 */
public record PageToken(String prefix, Cursor cursor) {
  private static final String FIELD = "page_token";
  private static final int HEAD_BYTES = Integer.BYTES + Short.BYTES;

  /** Returns URL-safe text: a checksum, the length of the prefix, the prefix, the cursor. */
  public String encode() {
    byte[] prefixBytes = prefix.getBytes(StandardCharsets.UTF_8);
    byte[] cursorBytes = cursor.opaque().getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + prefixBytes.length + cursorBytes.length);
    bytes.position(Integer.BYTES);
    bytes.putShort((short) prefixBytes.length).put(prefixBytes).put(cursorBytes);
    bytes.putInt(0, checksum(bytes.array()));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
  }

  /**
   * Reads a token.
   *
   * @throws InvalidValueException if the text is no token, or a token for another prefix
   */
  public static PageToken decode(String text, String prefix) {
    ByteBuffer bytes = ByteBuffer.wrap(decoded(text));
    if (bytes.remaining() < HEAD_BYTES || bytes.getInt() != checksum(bytes.array())) {
      throw damaged(text);
    }
    int length = bytes.getShort();
    if (length < 0 || length > bytes.remaining()) {
      throw damaged(text);
    }
    String listed = StandardCharsets.UTF_8.decode(bytes.slice(bytes.position(), length)).toString();
    if (!listed.equals(prefix)) {
      throw InvalidValueException.of(FIELD, text, "a token for the same prefix");
    }
    bytes.position(bytes.position() + length);
    return new PageToken(prefix, new Cursor(StandardCharsets.UTF_8.decode(bytes).toString()));
  }

  private static byte[] decoded(String text) {
    try {
      return Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw damaged(text);
    }
  }

  private static int checksum(byte[] token) {
    CRC32 crc = new CRC32();
    crc.update(token, Integer.BYTES, token.length - Integer.BYTES);
    return (int) crc.getValue();
  }

  private static InvalidValueException damaged(String text) {
    return InvalidValueException.of(FIELD, text, "the next_page_token of an answer, unchanged");
  }
}
