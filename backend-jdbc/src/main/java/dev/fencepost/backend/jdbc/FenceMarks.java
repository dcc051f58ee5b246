package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.sql.BoundStatement;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/**
 * The high-water marks of fenced resources, one row each in {@code fencepost_mark}. Safe for use by
 * many threads.
 */
final class FenceMarks {
  private final SqlDialect dialect;

  FenceMarks(SqlDialect dialect) {
    this.dialect = dialect;
  }

  /** Compares a token with the resource's mark and raises the mark if the token passes. */
  FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    return dialect.advance(connection, resource, token);
  }

  /** Forgets a resource's mark and returns it. */
  Optional<FencingToken> reset(Connection connection, ResourceName resource) throws SQLException {
    try (BoundStatement statement =
            dialect.statement(connection, "mark_forget").with("resource", resource.utf8());
        ResultSet rows = statement.query()) {
      return rows.next() ? Optional.of(new FencingToken(rows.getLong(1))) : Optional.empty();
    }
  }
}
