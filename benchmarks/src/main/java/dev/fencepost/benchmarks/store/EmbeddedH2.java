package dev.fencepost.benchmarks.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** H2 in a folder, embedded: in Fencepost's server, or in the client of a peer. */
final class EmbeddedH2 implements Store {
  private final Path folder;

  EmbeddedH2() {
    try {
      folder = Files.createTempDirectory("fencepost-h2-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String kind() {
    return "h2";
  }

  @Override
  public int port() {
    return 0;
  }

  @Override
  public String mark() {
    return "no process of H2's own";
  }

  @Override
  public String address(int port) {
    return "jdbc:h2:file:" + folder.resolve("peer") + ";WRITE_DELAY=0";
  }

  @Override
  public String uri(int port) {
    return "h2:" + folder.resolve("fencepost");
  }

  @Override
  public long entries() {
    return 0;
  }

  @Override
  public String description() {
    return "H2 embedded (peers: in the client's process), WRITE_DELAY 0";
  }

  @Override
  public void close() {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
