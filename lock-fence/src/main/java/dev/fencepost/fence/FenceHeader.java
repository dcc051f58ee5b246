package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.ResourceName;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Reads and writes the headers of a fenced call, which are the same in gRPC and HTTP. The token is
 * decimal text, since a number of JSON or JavaScript would lose its last digits. The resource is
 * percent-encoded.
 */
final class FenceHeader {
  static final String TOKEN = "fencepost-token";
  static final String RESOURCE = "fencepost-resource";

  /** Header of a refusal: the mark that was higher. */
  static final String MARK = "fencepost-mark";

  private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,19}");

  private FenceHeader() {}

  /** Reads a token. */
  static FencingToken token(String field, String text) {
    if (!NUMBER.matcher(text).matches()) {
      throw InvalidValueException.of(field, text, "a decimal number, 1 or more");
    }
    try {
      return new FencingToken(Long.parseLong(text));
    } catch (InvalidValueException e) {
      throw e.at(field);
    } catch (NumberFormatException e) {
      throw InvalidValueException.of(field, text, "at most " + Long.MAX_VALUE);
    }
  }

  /** Writes a resource's name in characters that a header may contain. Most names stay the same. */
  static String encoded(String resource) {
    StringBuilder out = new StringBuilder();
    for (byte b : new ResourceName(resource).utf8()) {
      // Some proxies join two headers to one with a comma.
      if (b > ' ' && b < 0x7f && b != '%' && b != ',') {
        out.append((char) b);
      } else {
        out.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
      }
    }
    return out.toString();
  }

  /** Reads a resource's name. */
  static String decoded(String text) {
    if (text.length() > 3 * ResourceName.MAX_BYTES) {
      throw InvalidValueException.of(RESOURCE, text, "a name of at most 512 bytes");
    }
    try {
      ByteBuffer bytes = unescaped(text).flip();
      return new ResourceName(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString()).value();
    } catch (CharacterCodingException e) {
      throw InvalidValueException.of(RESOURCE, text, "UTF-8, percent-encoded");
    } catch (InvalidValueException e) {
      throw e.at(RESOURCE);
    }
  }

  private static ByteBuffer unescaped(String text) {
    ByteBuffer bytes = ByteBuffer.allocate(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c <= ' ' || c >= 0x7f) {
        throw InvalidValueException.of(RESOURCE, text, "a percent-encoded name");
      }
      bytes.put(c == '%' ? escapeAt(text, i) : (byte) c);
      i += c == '%' ? 2 : 0;
    }
    return bytes;
  }

  private static byte escapeAt(String text, int i) {
    int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
    int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
    if (high < 0 || low < 0) {
      throw InvalidValueException.of(RESOURCE, text, "two hex digits after each %");
    }
    return (byte) (16 * high + low);
  }
}
