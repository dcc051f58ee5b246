package dev.fencepost.backend.redis.lock;

import dev.fencepost.backend.redis.script.DecimalText;
import dev.fencepost.backend.redis.script.ReplyParser;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.LockMode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads and writes the claimant at the end of a record: the format's version, then owner,
 * principal, keys and values, each as its length in bytes, a colon and its UTF-8.
 */
final class ClaimantCodec {
  private static final char VERSION = '1';

  private ClaimantCodec() {}

  static byte[] write(Claimant claimant) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(VERSION);
    write(claimant.owner(), out);
    write(claimant.principal(), out);
    claimant
        .metadata()
        .forEach(
            (key, value) -> {
              write(key, out);
              write(value, out);
            });
    return out.toByteArray();
  }

  /** Reads the rest of a record. From a later version, owner and principal only. */
  static Claimant read(ReplyParser text, LockMode mode) {
    char version = text.letter();
    String owner = part(text);
    String principal = part(text);
    Map<String, String> metadata = new HashMap<>();
    while (version == VERSION && !text.isAtEnd()) {
      metadata.put(part(text), part(text));
    }
    return new Claimant(owner, principal, mode, metadata);
  }

  private static void write(String part, ByteArrayOutputStream out) {
    byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(DecimalText.of(bytes.length));
    out.write(':');
    out.writeBytes(bytes);
  }

  private static String part(ReplyParser text) {
    return text.text((int) text.numberUpTo(':'));
  }
}
