package dev.fencepost.server.security;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;

/** Reads files that decide over rights. A file that everybody may write proves nothing. */
public final class ProtectedFile {
  private ProtectedFile() {}

  /**
   * Reads a file. Symbolic links are followed.
   *
   * @param maxBytes bytes after which the rest is left out
   * @throws IOException if it cannot be read, or other users than its owner and group may write it
   */
  public static byte[] read(Path file, int maxBytes) throws IOException {
    PosixFileAttributeView posix = Files.getFileAttributeView(file, PosixFileAttributeView.class);
    if (posix != null
        && posix.readAttributes().permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException("others may write it (expected: chmod o-w)");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(maxBytes);
    }
  }
}
