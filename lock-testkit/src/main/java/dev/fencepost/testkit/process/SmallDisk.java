package dev.fencepost.testkit.process;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A file system of a few mebibytes in memory, to fill a store's disk. Creating one requires root.
 * Not thread-safe.
 */
public final class SmallDisk implements AutoCloseable {
  private static final byte[] BLOCK = new byte[4096];

  private final Path folder;
  private final Path ballast;

  /** Makes an empty one. */
  public SmallDisk(int mebibytes) {
    try {
      this.folder = Files.createTempDirectory("fencepost-disk-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.ballast = folder.resolve("ballast");
    ShellCommands.run(
        List.of("mount", "-t", "tmpfs", "-o", "size=" + mebibytes + "m", "tmpfs", "" + folder));
  }

  /** Where it is. */
  public Path folder() {
    return folder;
  }

  /** Fills the disk. */
  public void fill() {
    try (OutputStream out = Files.newOutputStream(ballast)) {
      while (true) {
        out.write(BLOCK);
      }
    } catch (IOException e) {
      // No space is left.
    }
  }

  /** Makes room again. */
  public void makeRoom() {
    try {
      Files.deleteIfExists(ballast);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes it with its content. */
  @Override
  public void close() {
    ShellCommands.run(List.of("umount", "--lazy", "" + folder));
    try {
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
