package dev.fencepost.server.audit;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes the audit to a file, one JSON object a line. Only its owner may read it. A file that would
 * grow above its limit becomes {@code FILE.1}, that one {@code FILE.2}, and so on; the oldest is
 * deleted. After a failure the next line opens the file again. Not thread-safe.
 */
final class AuditFile implements AuditOutput {
  private final Path file;
  private final long maxBytes;
  private final int keep;
  private @Nullable OutputStream out;
  private long size;

  /**
   * Opens the file, and appends to one that is there.
   *
   * @param maxBytes limit of one file
   * @param keep full files that are kept
   * @throws IOException if it cannot be written
   */
  AuditFile(Path file, long maxBytes, int keep) throws IOException {
    this.file = file;
    this.maxBytes = maxBytes;
    this.keep = keep;
    this.out = open();
  }

  @Override
  public void write(AuditLine line) throws IOException {
    byte[] bytes = (line.json() + "\n").getBytes(StandardCharsets.UTF_8);
    try {
      if (size > 0 && size + bytes.length > maxBytes) {
        rotate();
      }
      OutputStream open = out;
      if (open == null) {
        open = open();
        out = open;
      }
      open.write(bytes);
      size += bytes.length;
    } catch (IOException e) {
      closeQuietly();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    OutputStream open = out;
    out = null;
    if (open != null) {
      open.close();
    }
  }

  private OutputStream open() throws IOException {
    FileAttribute<?>[] ownerOnly =
        FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND),
            ownerOnly);
    try {
      if (ownerOnly.length > 0) {
        // The mask of the process may have changed it, or the file is an older one.
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      }
      OutputStream stream = Channels.newOutputStream(channel);
      if (isLineCutOff()) {
        stream.write('\n');
      }
      size = channel.size();
      return stream;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Returns true if the last line has no end, because the disk was full or the process ended. */
  private boolean isLineCutOff() throws IOException {
    try (SeekableByteChannel last = Files.newByteChannel(file)) {
      if (last.size() == 0) {
        return false;
      }
      ByteBuffer sign = ByteBuffer.allocate(1);
      last.position(last.size() - 1).read(sign);
      return sign.get(0) != '\n';
    }
  }

  private void rotate() throws IOException {
    close();
    for (int i = keep; i >= 1; i--) {
      Path older = i == 1 ? file : numbered(i - 1);
      if (Files.exists(older)) {
        Files.move(older, numbered(i), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    out = open();
  }

  private Path numbered(int number) {
    return file.resolveSibling(file.getFileName() + "." + number);
  }

  private void closeQuietly() {
    try {
      close();
    } catch (IOException e) {
      out = null; // the failure before it is the one that counts
    }
  }
}
