package dev.fencepost.cli.console;

import java.util.Locale;

/** The format of an answer. */
public enum OutputFormat {
  /** For people. */
  TEXT,
  /** One proto3-JSON object per line. */
  JSON,
  /** Lines that a shell can evaluate. */
  ENV;

  /** The word on the command line. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
