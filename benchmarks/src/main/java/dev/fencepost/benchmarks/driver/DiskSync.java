package dev.fencepost.benchmarks.driver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Locale;

/**
 * How long the disk of the temporary folder, where the stores have their data, takes for what most
 * stores do at every write: append a little and sync it. One reason why absolute figures of two
 * runs differ.
 */
final class DiskSync {
  private static final int TIMES = 300;
  private static final int BYTES = 512;
  private static final double NANOS_PER_MILLI = 1e6;

  private DiskSync() {}

  /** In words, for a report. */
  static String describe() {
    try {
      long[] nanos = measure();
      return String.format(
          Locale.ROOT,
          "%.2f ms for %d bytes (median of %d; 99 of 100 within %.2f ms)",
          nanos[TIMES / 2] / NANOS_PER_MILLI,
          BYTES,
          TIMES,
          nanos[TIMES * 99 / 100] / NANOS_PER_MILLI);
    } catch (IOException e) {
      return "not measured: " + e;
    }
  }

  /** Sorted. */
  private static long[] measure() throws IOException {
    Path file = Files.createTempFile("fencepost-sync", null);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long[] nanos = new long[TIMES];
      for (int i = 0; i < TIMES; i++) {
        long begun = System.nanoTime();
        channel.write(ByteBuffer.allocate(BYTES));
        channel.force(false);
        nanos[i] = System.nanoTime() - begun;
      }
      Arrays.sort(nanos);
      return nanos;
    } finally {
      Files.delete(file);
    }
  }
}
