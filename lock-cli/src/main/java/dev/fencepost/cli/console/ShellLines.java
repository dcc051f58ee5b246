package dev.fencepost.cli.console;

import java.util.List;
import java.util.Map;

/** Variables as lines that any POSIX shell can evaluate, whatever the values hold. */
final class ShellLines {
  private ShellLines() {}

  /** One {@code export} for each variable, in the order of the map. */
  static List<String> of(Map<String, String> variables) {
    return variables.entrySet().stream()
        .map(entry -> "export " + entry.getKey() + "=" + quoted(entry.getValue()))
        .toList();
  }

  /** The value within single quotes, in which nothing is special but the quote itself. */
  static String quoted(String value) {
    return "'" + value.replace("'", "'\\''") + "'";
  }
}
