package dev.fencepost.server.config;

/**
 * One fault of the configuration.
 *
 * @param key what is set, or the file that cannot be read
 * @param value what it is set to, without secrets
 * @param expected what would be right
 * @param source where it stands: {@code file:line}, a flag or an environment variable
 */
public record ConfigProblem(String key, String value, String expected, String source) {

  @Override
  public String toString() {
    return key + ": " + value + " (expected: " + expected + ") in " + source;
  }
}
