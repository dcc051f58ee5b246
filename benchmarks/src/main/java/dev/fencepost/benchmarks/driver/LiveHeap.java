package dev.fencepost.benchmarks.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Asks a JVM, through {@code jcmd}, what is alive in its heap. */
final class LiveHeap {
  private static final String TOTAL = "Total";

  private LiveHeap() {}

  /** Bytes of all reachable objects; the JVM collects first. */
  static long bytes(long pid) {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    try {
      Process process =
          new ProcessBuilder(jcmd.toString(), Long.toString(pid), "GC.class_histogram")
              .redirectErrorStream(true)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return text.lines()
          .filter(line -> line.startsWith(TOTAL))
          .map(line -> line.trim().split("\\s+", -1)[2])
          .mapToLong(Long::parseLong)
          .findFirst()
          .orElseThrow(() -> new IllegalStateException("jcmd said: " + text));
    } catch (IOException e) {
      throw new IllegalStateException("cannot run " + jcmd, e);
    }
  }
}
