package dev.fencepost.client.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/** Environment variables with which libfaketime changes the time that a process sees. */
final class LibFaketime {
  private static final Path LIBRARIES = Path.of("/usr/lib");
  private static final String LIBRARY = "faketime/libfaketimeMT.so.1";
  private static final int DEPTH = 4;

  private LibFaketime() {}

  /** Runs all clocks faster or slower by this factor. */
  static Map<String, String> withRate(String factor) {
    return Map.of("LD_PRELOAD", library(), "FAKETIME", "+0 x" + factor);
  }

  private static String library() {
    try (Stream<Path> files = Files.find(LIBRARIES, DEPTH, (path, a) -> path.endsWith(LIBRARY))) {
      return files.findFirst().orElseThrow(() -> new AssertionError("no " + LIBRARY)).toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
