package dev.fencepost.fence;

import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLTransactionRollbackException;
import java.util.OptionalLong;

/**
 * Raises, else looks, else inserts. H2's MERGE may fail when two do it at once, and a failed INSERT
 * leaves its transaction as it was: so the loser of that race starts over.
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
      OptionalLong standing = JdbcTransactions.number(transaction, mark, name);
      if (standing.isPresent() && standing.getAsLong() > token) {
        return standing.getAsLong();
      }
      if (standing.isEmpty() && inserted(transaction, name, token)) {
        return token;
      }
    }
    // Only a snapshot that is older than the row can see none and yet be unable to insert it.
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
