package dev.fencepost.fence;

import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLTransactionRollbackException;
import java.util.OptionalLong;

/**
 * Raises the mark; if there is none to raise, reads it; if there is no row, inserts it. H2's MERGE
 * may fail when two transactions run it at once. A failed INSERT leaves its transaction unchanged,
 * so the loser of that race starts over.
 */
final class H2GuardTable implements GuardTable {
  private static final int MAX_TRIES = 10;

  private final String update;
  private final String mark;
  private final String insert;

  H2GuardTable(String table) {
    this.update = GuardTableDialect.H2.statement("update", table);
    this.mark = GuardTableDialect.H2.statement("mark", table);
    this.insert = GuardTableDialect.H2.statement("insert", table);
  }

  @Override
  public long advance(Connection transaction, ResourceName resource, long token)
      throws SQLException {
    String name = resource.value();
    for (int i = 0; i < MAX_TRIES; i++) {
      if (JdbcTransactions.update(transaction, update, token, name, token) > 0) {
        return token;
      }
      OptionalLong current = JdbcTransactions.number(transaction, mark, name);
      if (current.isPresent() && current.getAsLong() > token) {
        return current.getAsLong();
      }
      if (current.isEmpty() && inserted(transaction, name, token)) {
        return token;
      }
    }
    // Only a snapshot older than the row can see no row and yet be unable to insert it.
    throw new SQLTransactionRollbackException(
        "the mark of \"" + name + "\" was made after this transaction began", "40001");
  }

  private boolean inserted(Connection transaction, String name, long token) throws SQLException {
    try {
      return JdbcTransactions.update(transaction, insert, name, token) > 0;
    } catch (SQLIntegrityConstraintViolationException e) {
      return false;
    }
  }
}
