package dev.fencepost.fence;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.util.OptionalLong;

/** Runs short statements inside a transaction of the caller. */
final class JdbcTransactions {

  /**
   * MariaDB's ER_CHECKREAD: with {@code innodb_snapshot_isolation}, which is on since 11.6, a row
   * is newer than the transaction's snapshot. It comes with the state HY000.
   */
  private static final int CHANGED_SINCE_SNAPSHOT = 1020;

  private JdbcTransactions() {}

  /** Refuses a connection on which each statement is a transaction of its own. */
  static void requireTransaction(Connection connection) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new IllegalStateException(
          "auto-commit: the fence holds until the transaction ends, so it needs one"
              + " (setAutoCommit(false), @Transactional, …)");
    }
  }

  /** Runs a statement and returns its row count. */
  static int update(Connection transaction, String sql, Object... parameters) throws SQLException {
    try (PreparedStatement statement = prepare(transaction, sql, parameters)) {
      return statement.executeUpdate();
    } catch (SQLException e) {
      throw inClass40(e);
    }
  }

  /** Returns the first column of the first row, if there is one. */
  static OptionalLong number(Connection transaction, String sql, Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = prepare(transaction, sql, parameters);
        ResultSet rows = statement.executeQuery()) {
      return rows.next() ? OptionalLong.of(rows.getLong(1)) : OptionalLong.empty();
    } catch (SQLException e) {
      throw inClass40(e);
    }
  }

  /** Gives a serialization failure the SQLSTATE that tells callers to repeat the transaction. */
  private static SQLException inClass40(SQLException e) {
    if (e.getErrorCode() != CHANGED_SINCE_SNAPSHOT || !"HY000".equals(e.getSQLState())) {
      return e;
    }
    return new SQLTransactionRollbackException(e.getMessage(), "40001", e.getErrorCode(), e);
  }

  private static PreparedStatement prepare(Connection transaction, String sql, Object... parameters)
      throws SQLException {
    PreparedStatement statement = transaction.prepareStatement(sql);
    try {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      return statement;
    } catch (SQLException | RuntimeException e) {
      statement.close();
      throw e;
    }
  }
}
