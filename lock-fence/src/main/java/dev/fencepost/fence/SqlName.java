package dev.fencepost.fence;

import dev.fencepost.lock.InvalidValueException;
import java.util.regex.Pattern;

/** The name of a table or column, which becomes a part of statements. */
final class SqlName {
  private static final String PART =
      "(?:[\\p{L}_][\\p{L}\\p{N}_$]*|\"[^\"\\p{C}]+\"|`[^`\\p{C}]+`)";
  private static final Pattern NAME = Pattern.compile(PART + "(?:\\." + PART + "){0,2}");

  private SqlName() {}

  /** The name itself, if it is one and nothing else. */
  static String checked(String field, String name) {
    if (!NAME.matcher(name).matches()) {
      throw InvalidValueException.of(
          field, name, "a name of SQL: letters, digits and _, or quoted; parts joined by dots");
    }
    return name;
  }
}
