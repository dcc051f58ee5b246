package dev.fencepost.lock.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A file with a bearer token, which proves an identity to a server. It is read for each call, so
 * that an exchanged one counts at once.
 *
 * @param file the file; white space around the token is ignored
 */
public record BearerFile(Path file) {
  private static final int MAX_BYTES = 8 * 1024;

  /**
   * Returns the token.
   *
   * @throws TlsFileException if the file cannot be read or has no token; never shows its content
   */
  public String read() throws TlsFileException {
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(MAX_BYTES + 1), StandardCharsets.ISO_8859_1).strip();
      if (!text.isEmpty() && text.length() <= MAX_BYTES && text.chars().allMatch(c -> isWord(c))) {
        return text;
      }
      throw new TlsFileException(file, "it has no token (expected: one line, 8 KiB at most)");
    } catch (NoSuchFileException e) {
      throw new TlsFileException(file, "there is no such file");
    } catch (IOException e) {
      throw new TlsFileException(file, "it cannot be read: " + e.getMessage());
    }
  }

  private static boolean isWord(int c) {
    return c > ' ' && c < 0x7f;
  }
}
