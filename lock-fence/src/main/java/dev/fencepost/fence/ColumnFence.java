package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.util.OptionalLong;

/** The mark in a column of the protected rows. */
final class ColumnFence implements JdbcFence {
  private static final int MAX_TRIES = 10;

  private final String table;
  private final String keyColumn;
  private final String advance;
  private final String mark;

  ColumnFence(String table, String keyColumn, String tokenColumn) {
    this.table = table;
    this.keyColumn = keyColumn;
    this.advance =
        "UPDATE %s SET %s = ? WHERE %s = ? AND (%2$s IS NULL OR %2$s <= ?)"
            .formatted(table, tokenColumn, keyColumn);
    this.mark =
        "SELECT COALESCE(%s, 0) FROM %s WHERE %s = ? FOR UPDATE"
            .formatted(tokenColumn, table, keyColumn);
  }

  @Override
  public void check(Connection transaction, Object resource, FencingToken token)
      throws SQLException {
    JdbcTransactions.requireTransaction(transaction);
    GuardTableDialect.of(transaction);
    for (int i = 0; i < MAX_TRIES; i++) {
      int rows =
          JdbcTransactions.update(transaction, advance, token.value(), resource, token.value());
      if (rows == 1) {
        return;
      }
      if (rows > 1) {
        throw new IllegalStateException(
            keyColumn + " of " + table + " is not unique: " + rows + " rows have " + resource);
      }
      OptionalLong current = JdbcTransactions.number(transaction, mark, resource);
      if (passes(current, resource, token)) {
        return;
      }
    }
    throw new SQLTransactionRollbackException(
        "the row of " + resource + " in " + table + " changes too fast", "40001");
  }

  /** Decides after an UPDATE of no row. False if the row was inserted or changed in between. */
  private boolean passes(OptionalLong current, Object resource, FencingToken token) {
    if (current.isEmpty()) {
      throw InvalidValueException.of(
          "resource", resource, "a row of " + table + " with that " + keyColumn);
    }
    if (current.getAsLong() > token.value()) {
      throw new StaleTokenException(
          String.valueOf(resource), token, new FencingToken(current.getAsLong()));
    }
    // MySQL's drivers can be configured not to count rows that an UPDATE leaves unchanged.
    return current.getAsLong() == token.value();
  }
}
