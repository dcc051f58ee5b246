package dev.fencepost.cli.console;

import java.io.PrintStream;
import java.util.Map;
import java.util.function.Supplier;

/** Writes the answer of a command in the format that was asked for. */
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

  /** Writes one answer as text or as JSON. */
  public void print(Supplier<String> text, Supplier<String> json) {
    print(text, json, Map::of);
  }

  /** Writes one answer as text, as JSON or as variables of a shell. */
  public void print(
      Supplier<String> text, Supplier<String> json, Supplier<Map<String, String>> variables) {
    switch (format) {
      case TEXT -> line(text.get());
      case JSON -> line(json.get());
      case ENV -> ShellLines.of(variables.get()).forEach(this::line);
    }
    out.flush();
  }

  // Always a plain line feed: a shell or jq on the other side expects nothing else.
  private void line(String line) {
    out.print(line);
    out.print('\n');
  }
}
