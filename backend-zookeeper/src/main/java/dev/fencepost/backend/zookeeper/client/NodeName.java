package dev.fencepost.backend.zookeeper.client;

import dev.fencepost.lock.InvalidValueException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * Encodes the name of a lock or resource as the name of a node. Letters, digits, {@code -} and
 * {@code _} stay as they are; every other byte of the UTF-8 form becomes {@code %XX}. ZooKeeper's
 * own rules forbid {@code /}, {@code .} and {@code ..} alone, surrogates and more.
 */
public final class NodeName {
  /**
   * The number of parents that nodes are spread over, so that no list of children grows too long.
   */
  public static final int BUCKETS = 256;

  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private NodeName() {}

  static String encode(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    StringBuilder out = new StringBuilder(bytes.length + 16);
    for (byte b : bytes) {
      if (isPlain(b)) {
        out.append((char) b);
      } else {
        HEX.toHexDigits(out.append('%'), b);
      }
    }
    return out.toString();
  }

  /** Returns the name that this node name encodes; empty if it is not a valid encoding. */
  public static Optional<String> decode(String node) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(node.length());
    for (int i = 0; i < node.length(); i++) {
      char c = node.charAt(i);
      if (c == '%' && i + 2 < node.length() && isHex(node, i + 1)) {
        out.write(HexFormat.fromHexDigits(node, i + 1, i + 3));
        i += 2;
      } else {
        out.write(c);
      }
    }
    String name = out.toString(StandardCharsets.UTF_8);
    try {
      return encode(name).equals(node) ? Optional.of(name) : Optional.empty();
    } catch (InvalidValueException e) {
      return Optional.empty();
    }
  }

  /** Returns the number of the bucket, which is the node's parent. */
  static int bucket(String name) {
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    return (int) (crc.getValue() % BUCKETS);
  }

  private static boolean isPlain(byte b) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || (b >= '0' && b <= '9')
        || b == '-'
        || b == '_';
  }

  private static boolean isHex(String text, int from) {
    return HexFormat.isHexDigit(text.charAt(from)) && HexFormat.isHexDigit(text.charAt(from + 1));
  }
}
