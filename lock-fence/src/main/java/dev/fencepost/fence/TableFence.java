package dev.fencepost.fence;

import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.InvalidValueException;
import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;

/** Marks in a table of their own. */
final class TableFence implements JdbcFence {

  private final Map<GuardTableDialect, GuardTable> tables;

  TableFence(String table) {
    this.tables =
        Map.of(
            GuardTableDialect.POSTGRESQL, new PostgresGuardTable(table),
            GuardTableDialect.MYSQL, new MysqlGuardTable(table),
            GuardTableDialect.H2, new H2GuardTable(table));
  }

  @Override
  public void check(Connection transaction, Object resource, FencingToken token)
      throws SQLException {
    ResourceName name = nameOf(resource);
    JdbcTransactions.requireTransaction(transaction);
    GuardTable table = tables.get(GuardTableDialect.of(transaction));
    if (table == null) {
      throw new AssertionError("a dialect without a table");
    }
    long mark = table.advance(transaction, name, token.value());
    if (mark > token.value()) {
      throw new StaleTokenException(name.value(), token, new FencingToken(mark));
    }
  }

  private static ResourceName nameOf(Object resource) {
    if (resource instanceof ResourceName name) {
      return name;
    }
    if (resource instanceof String text) {
      return new ResourceName(text);
    }
    throw InvalidValueException.of("resource", resource, "a String");
  }
}
