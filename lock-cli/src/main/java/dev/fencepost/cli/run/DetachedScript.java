package dev.fencepost.cli.run;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Shell scripts of this package, each started in its own session and process group. */
final class DetachedScript {
  /** Passes the script to the shell, so that {@code ps} does not show all of it. */
  private static final String VARIABLE = "FENCEPOST_SCRIPT";

  private static final String LOADER =
      "script=$" + VARIABLE + "; unset " + VARIABLE + "; eval \"$script\"";

  private DetachedScript() {}

  /**
   * Prepares a process that runs a script. Its id is also the id of its session and process group,
   * since {@code setsid} does not fork for a child of the JVM.
   */
  static ProcessBuilder of(String resource, String name, List<String> arguments)
      throws IOException {
    List<String> words = new ArrayList<>(List.of("setsid", "/bin/sh", "-c", LOADER, name));
    words.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().put(VARIABLE, text(resource));
    return builder;
  }

  private static String text(String resource) throws IOException {
    try (InputStream in = DetachedScript.class.getResourceAsStream(resource)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
