package dev.fencepost.fence;

import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Inserts or raises the mark with one statement, then reads it with a locking read. The row count
 * of the first statement depends on the connection's settings, except that two always mean a raise
 * (MySQL manual, "INSERT ... ON DUPLICATE KEY UPDATE Statement"). Names are sent as bytes, which no
 * collation can make equal.
 */
final class MysqlGuardTable implements GuardTable {
  private static final int RAISED = 2;

  private final String advance;
  private final String mark;

  MysqlGuardTable(String table) {
    this.advance = GuardTableDialect.MYSQL.statement("advance", table);
    this.mark = GuardTableDialect.MYSQL.statement("mark", table);
  }

  @Override
  public long advance(Connection transaction, ResourceName resource, long token)
      throws SQLException {
    byte[] name = resource.utf8();
    if (JdbcTransactions.update(transaction, advance, name, token, token) == RAISED) {
      return token;
    }
    return JdbcTransactions.number(transaction, mark, name)
        .orElseThrow(() -> new SQLException("the row of \"" + resource + "\" cannot be seen"));
  }
}
