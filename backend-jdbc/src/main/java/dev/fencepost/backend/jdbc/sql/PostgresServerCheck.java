package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.lock.spi.StoreConfigurationException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** Checks whether a PostgreSQL can keep the contract, and names the remedy if not. */
final class PostgresServerCheck {
  private static final int MIN_VERSION = 120_000;

  private final SqlStatements statements;
  private final Connection connection;

  PostgresServerCheck(SqlStatements statements, Connection connection) {
    this.statements = statements;
    this.connection = connection;
  }

  /**
   * Refuses a pooler that gives one session of the server to several clients in turn. The lock for
   * making tables would never be released, and notifications of turns would be lost.
   */
  void requireOwnSession(DataSource source) throws SQLException {
    // Statements get no names, since another client may have used a name in the same session.
    connection.unwrap(PGConnection.class).setPrepareThreshold(0);
    int before = backendPid(connection);
    try (Connection other = source.getConnection()) {
      other.unwrap(PGConnection.class).setPrepareThreshold(0);
      // It keeps its session of the server until the end of this transaction.
      other.setAutoCommit(false);
      boolean isShared = backendPid(other) == before || backendPid(connection) != before;
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

  /** Refuses a server that could lose writes or refuse them. */
  void requireSupportedServer() throws SQLException {
    try (BoundStatement statement = statements.prepare(connection, "server_state");
        ResultSet row = statement.query()) {
      row.next();
      if (row.getInt("version") < MIN_VERSION) {
        throw notSupported("its version is below 12; use PostgreSQL 12 or later");
      }
      if (row.getBoolean("standby")) {
        throw notSupported(
            "it is a read replica; name the primary (or several hosts and"
                + " targetServerType=primary)");
      }
      if (row.getBoolean("read_only")) {
        throw notSupported(
            "its transactions are read-only; set default_transaction_read_only=off for the"
                + " database and user");
      }
      if (!row.getBoolean("syncs")) {
        throw notSupported(
            "fsync is off, so that a crash of its machine loses grants that were answered; set"
                + " fsync=on in postgresql.conf");
      }
      String encoding = row.getString("encoding");
      if (!encoding.equals("UTF8") && !encoding.equals("SQL_ASCII")) {
        throw notSupported(
            "its encoding "
                + encoding
                + " cannot keep every owner's name; make one with CREATE DATABASE … ENCODING"
                + " 'UTF8' TEMPLATE template0");
      }
    }
  }

  /**
   * Checks whether tables have to be made. A complete set of tables is left alone, no matter who
   * made it. If a table is missing that this user may not make, the database is refused with the
   * remedy.
   */
  boolean mustCreateTables() throws SQLException {
    try (BoundStatement statement = statements.prepare(connection, "existing_tables");
        ResultSet row = statement.query()) {
      row.next();
      String location = row.getString("place");
      if (location == null) {
        throw notSupported("no schema of the search path exists; make one, or name one that does");
      }
      if (row.getString("missing") == null) {
        return false;
      }
      if (row.getBoolean("may_create")) {
        return true;
      }
      throw notSupported(
          "user "
              + row.getString("who")
              + " may not make Fencepost's tables in schema "
              + location
              + "; GRANT USAGE, CREATE ON SCHEMA "
              + location
              + " TO it, or let an administrator apply the statements that `fencepost schema`"
              + " prints");
    }
  }

  /** Refuses tables that the migrations have not completed. */
  void requireTables() throws SQLException {
    try (BoundStatement statement = statements.prepare(connection, "existing_tables");
        ResultSet row = statement.query()) {
      row.next();
      String missing = row.getString("missing");
      if (missing != null) {
        throw notSupported(
            ("Fencepost's tables are incomplete: " + missing)
                + " is missing; compare them with the statements that `fencepost schema` prints");
      }
    }
  }

  /** Refuses a user who lacks a permission that calls need. */
  void requirePermissions() throws SQLException {
    try (BoundStatement statement = statements.prepare(connection, "permissions");
        ResultSet rows = statement.query()) {
      while (rows.next()) {
        if (!rows.getBoolean("allowed")) {
          throw notSupported(
              "user "
                  + rows.getString("who")
                  + " lacks a permission; GRANT SELECT, INSERT, UPDATE, DELETE ON "
                  + rows.getString("name")
                  + " TO it");
        }
      }
    }
  }

  /** The exception that tells an operator why connecting or checking failed. */
  static RuntimeException refusal(SQLException e) {
    String state = JdbcErrors.sqlStateOf(e);
    if (state.startsWith("28")) {
      return new StoreConfigurationException(
          "PostgreSQL: the user was not let in; check the user and password in the store URI or"
              + " options, and pg_hba.conf: "
              + e.getMessage(),
          e);
    }
    if (state.equals("3D000")) {
      return new StoreConfigurationException(
          "PostgreSQL: there is no such database; make it (CREATE DATABASE …) or name another: "
              + e.getMessage(),
          e);
    }
    return JdbcErrors.of(e).toException(e);
  }

  /** The exception that tells an operator why a migration failed. */
  static RuntimeException refusal(FlywayException e) {
    SQLException cause = sqlCause(e);
    return cause != null && JdbcErrors.of(cause) == JdbcErrors.UNREACHABLE
        ? JdbcErrors.UNREACHABLE.toException(cause)
        : new StoreConfigurationException(
            "PostgreSQL: Fencepost's tables cannot be made; let an administrator apply the"
                + (" statements that `fencepost schema` prints: " + JdbcErrors.messageOf(e)),
            e);
  }

  private static StoreConfigurationException notSupported(String why) {
    return new StoreConfigurationException("PostgreSQL: " + why);
  }

  private static @Nullable SQLException sqlCause(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof SQLException s && !JdbcErrors.sqlStateOf(s).isEmpty()) {
        return s;
      }
    }
    return null;
  }
}
