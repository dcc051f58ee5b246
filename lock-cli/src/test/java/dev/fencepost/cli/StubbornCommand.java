package dev.fencepost.cli;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A command that ignores TERM, with a child in its group that ignores TERM too. */
final class StubbornCommand {
  private static final String SCRIPT =
      """
      trap '' TERM HUP INT
      sh -c 'while :; do sleep 1; done' &
      echo $$ >"$1.new"; mv "$1.new" "$1"
      while :; do sleep 1; done
      """;

  private StubbornCommand() {}

  /** Runs it under a lock. */
  static ChildCli start(Path folder, String server, String lock, String... options) {
    List<String> words = new ArrayList<>(List.of("run", lock));
    words.addAll(List.of(options));
    words.addAll(List.of("--", "sh", "-c", SCRIPT, "stubborn", group(folder, lock).toString()));
    return ChildCli.start(folder, server, words.toArray(String[]::new));
  }

  /** Its process group, once it runs. */
  static long awaitGroup(Path folder, String lock) {
    Path file = group(folder, lock);
    await().atMost(Duration.ofMinutes(1)).until(() -> Files.exists(file));
    try {
      return Long.parseLong(Files.readString(file).strip());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path group(Path folder, String lock) {
    return folder.resolve(lock + ".group");
  }
}
