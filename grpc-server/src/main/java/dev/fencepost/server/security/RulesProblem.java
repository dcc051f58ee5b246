package dev.fencepost.server.security;

/**
 * A fault of the rules file, or something that is probably not meant.
 *
 * @param line number of the line, from 1; 0 for the file as a whole
 * @param severity whether the file is refused for it
 * @param message description for people
 */
public record RulesProblem(int line, Severity severity, String message) {

  /** Whether a file with such a problem takes effect. */
  public enum Severity {
    /** The file is refused as a whole. */
    ERROR,
    /** The file takes effect. */
    WARNING
  }

  /** Returns the problem with its place, as compilers write it. */
  public String at(String file) {
    String place = line == 0 ? file : file + ":" + line;
    return place + ": " + (severity == Severity.WARNING ? "warning: " : "") + message;
  }
}
