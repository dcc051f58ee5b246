package dev.fencepost.cli.console;

import java.io.PrintStream;
import java.util.Map;
import java.util.function.Supplier;

/** Prints the answer of a command in the requested format. */
public final class AnswerPrinter {
  private final PrintStream out;
  private final OutputFormat format;

  AnswerPrinter(PrintStream out, OutputFormat format) {
    this.out = out;
    this.format = format;
  }

  public OutputFormat format() {
    return format;
  }

  /** Prints one answer as text or as JSON. */
  public void print(Supplier<String> text, Supplier<String> json) {
    print(text, json, Map::of);
  }

  /** Prints one answer as text, as JSON or as shell variables. */
  public void print(
      Supplier<String> text, Supplier<String> json, Supplier<Map<String, String>> variables) {
    switch (format) {
      case TEXT -> line(text.get());
      case JSON -> line(json.get());
      case ENV -> ShellLines.of(variables.get()).forEach(this::line);
    }
    out.flush();
  }

  // Always a plain line feed, which shells and jq expect on every platform.
  private void line(String line) {
    out.print(line);
    out.print('\n');
  }
}
