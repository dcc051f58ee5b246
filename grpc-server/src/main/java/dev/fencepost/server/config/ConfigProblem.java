package dev.fencepost.server.config;

/**
 * One fault of the configuration.
 *
 * @param key invalid key, or the file that cannot be read
 * @param value invalid value, without secrets
 * @param expected description of valid values
 * @param source location of the value: {@code file:line}, a flag or an environment variable
 */
public record ConfigProblem(String key, String value, String expected, String source) {

  @Override
  public String toString() {
    return key + ": " + value + " (expected: " + expected + ") in " + source;
  }
}
