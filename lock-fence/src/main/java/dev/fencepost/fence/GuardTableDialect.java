package dev.fencepost.fence;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Locale;
import java.util.regex.Pattern;

/** A kind of database, with the folder of its SQL statements. */
enum GuardTableDialect {
  POSTGRESQL,
  MYSQL,
  H2;

  private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*--.*$");

  /** Returns the dialect of a connection's database. Asks the driver only, not the database. */
  static GuardTableDialect of(Connection connection) throws SQLException {
    String product = connection.getMetaData().getDatabaseProductName();
    return switch (product) {
      case "PostgreSQL" -> POSTGRESQL;
      case "MySQL", "MariaDB" -> MYSQL;
      case "H2" -> H2;
      default ->
          throw new SQLFeatureNotSupportedException(
              "no fence for " + product + ": it has been proven on PostgreSQL, MySQL, MariaDB, H2");
    };
  }

  /** Returns the statement of this name on this table, with {@code ?} for its parameters. */
  String statement(String name, String table) {
    String text = resource(name);
    return COMMENT.matcher(text).replaceAll("").strip().replace("fence_guard", table);
  }

  /** Returns the text of a resource file of this dialect. */
  String resource(String name) {
    String path = name().toLowerCase(Locale.ROOT) + "/" + name + ".sql";
    try (InputStream in = GuardTableDialect.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("missing in the jar: " + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
