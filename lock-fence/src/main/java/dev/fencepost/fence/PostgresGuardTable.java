package dev.fencepost.fence;

import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Inserts or raises the mark with one statement. A failed INSERT would end the caller's
 * transaction. {@code ON CONFLICT} never fails, and locks the row even if it does not change it
 * (PostgreSQL manual, INSERT, "ON CONFLICT Clause").
 */
final class PostgresGuardTable implements GuardTable {

  private final String advance;
  private final String mark;

  PostgresGuardTable(String table) {
    this.advance = GuardTableDialect.POSTGRESQL.statement("advance", table);
    this.mark = GuardTableDialect.POSTGRESQL.statement("mark", table);
  }

  @Override
  public long advance(Connection transaction, ResourceName resource, long token)
      throws SQLException {
    if (JdbcTransactions.update(transaction, advance, resource.value(), token) > 0) {
      return token;
    }
    return JdbcTransactions.number(transaction, mark, resource.value())
        .orElseThrow(() -> new SQLException("the row of \"" + resource + "\" cannot be seen"));
  }
}
