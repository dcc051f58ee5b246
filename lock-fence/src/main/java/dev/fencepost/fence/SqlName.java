package dev.fencepost.fence;

import dev.fencepost.lock.InvalidValueException;
import java.util.regex.Pattern;

/** The name of a table or column, which is inserted into statements. */
final class SqlName {
  private static final String PART =
      "(?:[\\p{L}_][\\p{L}\\p{N}_$]*|\"[^\"\\p{C}]+\"|`[^`\\p{C}]+`)";
  private static final Pattern NAME = Pattern.compile(PART + "(?:\\." + PART + "){0,2}");

  private SqlName() {}

  /** Returns the name if it is a valid one and nothing else. */
  static String checked(String field, String name) {
    if (!NAME.matcher(name).matches()) {
      throw InvalidValueException.of(
          field, name, "a name of SQL: letters, digits and _, or quoted; parts joined by dots");
    }
    return name;
  }
}
