package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * A fence in a SQL database, checked inside the caller's own transaction: PostgreSQL, MySQL,
 * MariaDB and H2.
 *
 * <pre>{@code
 * static final JdbcFence FENCE = JdbcFence.table("fence_guard");
 *
 * connection.setAutoCommit(false);
 * FENCE.check(connection, "orders/42", lock.token());      // first, then
 * update.executeUpdate();                                  // whatever the lock protects
 * connection.commit();
 * }</pre>
 *
 * <p><b>Closes</b> the window, for everything that the transaction writes: the check locks the
 * mark's row until the transaction ends, so a higher token comes either before the check, which is
 * then refused, or after the commit. A holder that is paused between its check and its commit makes
 * the next one wait; bound how long with the database's own means (PostgreSQL {@code
 * idle_in_transaction_session_timeout}, MySQL and MariaDB {@code wait_timeout}), which end the late
 * transaction and undo what it wrote. It guards nothing outside that database.
 *
 * <p>It works in every isolation level. Where the database answers REPEATABLE READ or SERIALIZABLE
 * transactions with serialization failures (SQLSTATE class 40), it does so here as well: repeat the
 * transaction. Waiting for a row is bounded by the database's lock timeout.
 *
 * <p>Immutable and safe for use by many threads; a connection is not.
 */
public interface JdbcFence {

  /**
   * Keeps marks in a table of their own, with the columns {@code resource} (the primary key) and
   * {@code token}. Its schema is in {@code docs/fencing.md}. The first check of a resource inserts
   * its row. The resource is a text of 1–512 bytes of UTF-8.
   *
   * @param guardTable a name as it would be written in SQL, with schema and quotes if it needs them
   */
  static JdbcFence table(String guardTable) {
    return new TableFence(SqlName.checked("guard_table", guardTable));
  }

  /**
   * Keeps the mark in a column of the protected rows themselves, for example {@code fence BIGINT
   * NOT NULL DEFAULT 0}; NULL counts as 0. The resource is the row's key, of a type that the column
   * takes (a Long, a String, a UUID). The INSERT of a new row must write the token.
   *
   * @param table the table of the protected rows
   * @param keyColumn a column that is unique in it
   * @param tokenColumn the column of the mark, 64 bits wide
   */
  static JdbcFence column(String table, String keyColumn, String tokenColumn) {
    return new ColumnFence(
        SqlName.checked("table", table),
        SqlName.checked("key_column", keyColumn),
        SqlName.checked("token_column", tokenColumn));
  }

  /**
   * Lets a token pass that is at least the resource's mark, raises the mark, and keeps its row
   * locked until the transaction ends. Call it before the write. Roll back if it throws.
   *
   * @param transaction a connection that is not in auto-commit mode
   * @param resource a String for {@link #table}; the key of the row for {@link #column}
   * @throws StaleTokenException if the token is below the mark
   * @throws IllegalStateException if the connection is in auto-commit mode: the row's lock would
   *     end with the check, and with it the guard
   * @throws dev.fencepost.lock.InvalidValueException if the resource is no name, or no row has that
   *     key
   * @throws java.sql.SQLFeatureNotSupportedException if the database is none of the four
   * @throws SQLException if the database fails; nothing passed
   */
  void check(Connection transaction, Object resource, FencingToken token) throws SQLException;

  /**
   * Returns these marks for a guard outside the database's transactions: each check is a
   * transaction of its own. <b>Narrows</b> only. After a deadlock or serialization failure the
   * check is repeated, up to 10 times.
   *
   * @param database its connections must bound their waiting, since a check blocks its thread
   */
  default FenceMarks marks(DataSource database) {
    return new JdbcMarks(this, database);
  }
}
