package dev.fencepost.cli.console;

import java.util.List;
import java.util.Map;

/** Prints variables as lines that any POSIX shell can evaluate, for any value. */
final class ShellLines {
  private ShellLines() {}

  /** One {@code export} for each variable, in the order of the map. */
  static List<String> of(Map<String, String> variables) {
    return variables.entrySet().stream()
        .map(entry -> "export " + entry.getKey() + "=" + quoted(entry.getValue()))
        .toList();
  }

  /** The value in single quotes, where only the quote itself is special. */
  static String quoted(String value) {
    return "'" + value.replace("'", "'\\''") + "'";
  }
}
