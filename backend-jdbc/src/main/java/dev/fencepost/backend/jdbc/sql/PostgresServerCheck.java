package dev.fencepost.backend.jdbc.sql;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.postgresql.PGConnection;

/** The checks of a PostgreSQL; most are statements whose rows are the reasons for a refusal. */
final class PostgresServerCheck extends ServerCheck {
  private final DataSource source;

  PostgresServerCheck(
      String product, SqlStatements statements, Connection connection, DataSource source) {
    super(product, statements, connection);
    this.source = source;
  }

  @Override
  void requireSupportedServer() throws SQLException {
    requireOwnSession();
    refuseFor("server_faults");
  }

  /**
   * Refuses a pooler that gives one session of the server to several clients in turn. The lock for
   * making tables would never be released, and notifications of turns would be lost.
   */
  private void requireOwnSession() throws SQLException {
    // Statements get no names, since another client may have used a name in the same session.
    connection().unwrap(PGConnection.class).setPrepareThreshold(0);
    int before = backendPid(connection());
    try (Connection other = source.getConnection()) {
      other.unwrap(PGConnection.class).setPrepareThreshold(0);
      // It keeps its session of the server until the end of this transaction.
      other.setAutoCommit(false);
      boolean isShared = backendPid(other) == before || backendPid(connection()) != before;
      other.rollback();
      if (isShared) {
        throw notSupported(
            "a pooler in transaction mode is in between, where LISTEN, prepared statements and the"
                + " settings of a session are lost; name the server itself, or set"
                + " pool_mode=session for this database or user");
      }
    }
  }

  private static int backendPid(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      return row.getInt(1);
    }
  }

  @Override
  void requireMayCreate() throws SQLException {
    refuseFor("creation_faults");
  }

  @Override
  void requirePermissions() throws SQLException {
    refuseFor("missing_permissions");
  }
}
