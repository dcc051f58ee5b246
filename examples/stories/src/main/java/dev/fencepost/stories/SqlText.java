package dev.fencepost.stories;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Runs SQL with parameters. */
final class SqlText {

  private SqlText() {}

  /** Runs a statement and returns the number of rows that it changed. */
  static int update(Connection database, String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = prepare(database, sql, parameters)) {
      return statement.executeUpdate();
    }
  }

  /** Returns the number in the first column of the first row. */
  static long number(Connection database, String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = prepare(database, sql, parameters);
        ResultSet rows = statement.executeQuery()) {
      if (!rows.next()) {
        throw new SQLException("no row: " + sql);
      }
      return rows.getLong(1);
    }
  }

  private static PreparedStatement prepare(Connection database, String sql, Object... parameters)
      throws SQLException {
    PreparedStatement statement = database.prepareStatement(sql);
    for (int i = 0; i < parameters.length; i++) {
      statement.setObject(i + 1, parameters[i]);
    }
    return statement;
  }
}
