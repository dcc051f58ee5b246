package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.lock.spi.StoreConfigurationException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.flywaydb.core.api.FlywayException;

/** Checks whether a server can keep the contract, and names the remedy if not. For one thread. */
abstract class ServerCheck {
  /** MariaDB and MySQL: the user, its access to the database, its way to log in. */
  private static final Set<Integer> LOGINS_DENIED = Set.of(1045, 1044, 1698);

  private static final int DATABASE_UNKNOWN = 1049;

  private final String product;
  private final SqlStatements statements;
  private final Connection connection;

  ServerCheck(String product, SqlStatements statements, Connection connection) {
    this.product = product;
    this.statements = statements;
    this.connection = connection;
  }

  /** Refuses a server that could lose writes or refuse them. */
  abstract void requireSupportedServer() throws SQLException;

  /** Refuses a user who may not make the tables. */
  abstract void requireMayCreate() throws SQLException;

  /** Refuses tables that calls cannot use, and a user who lacks a permission that calls need. */
  abstract void requirePermissions() throws SQLException;

  /**
   * Checks whether tables have to be made. A complete set of tables is left alone, no matter who
   * made it. If a table is missing that this user may not make, the database is refused with the
   * remedy.
   */
  final boolean mustCreateTables() throws SQLException {
    if (missingColumns().isEmpty()) {
      return false;
    }
    requireMayCreate();
    return true;
  }

  /** Refuses tables that the migrations have not completed. */
  final void requireTables() throws SQLException {
    String missing = missingColumns();
    if (!missing.isEmpty()) {
      throw notSupported(
          ("Fencepost's tables are incomplete: " + missing)
              + " is missing; compare them with the statements that `fencepost schema` prints");
    }
  }

  private String missingColumns() throws SQLException {
    try (BoundStatement statement = statement("missing_columns");
        ResultSet row = statement.query()) {
      row.next();
      String missing = row.getString(1);
      return missing == null ? "" : missing;
    }
  }

  final Connection connection() {
    return connection;
  }

  final BoundStatement statement(String name) {
    return statements.prepare(connection, name);
  }

  /** Refuses the database for the first reason in the rows of a statement, if there is one. */
  final void refuseFor(String name) throws SQLException {
    try (BoundStatement statement = statement(name);
        ResultSet rows = statement.query()) {
      if (rows.next()) {
        throw notSupported(rows.getString(1));
      }
    }
  }

  final StoreConfigurationException notSupported(String why) {
    return new StoreConfigurationException(product + ": " + why);
  }

  /** The exception that tells an operator why connecting, checking or migrating failed. */
  static RuntimeException refusal(String product, Exception e) {
    if (e instanceof FlywayException) {
      return isUnreachable(e)
          ? JdbcErrors.UNREACHABLE.toException(e)
          : new StoreConfigurationException(
              product
                  + ": Fencepost's tables cannot be made; let an administrator apply the"
                  + (" statements that `fencepost schema` prints: " + JdbcErrors.messageOf(e)),
              e);
    }
    Optional<String> tlsFault = JdbcErrors.tlsFault(e);
    if (tlsFault.isPresent()) {
      return new StoreConfigurationException(product + ": " + tlsFault.orElseThrow(), e);
    }
    SQLException cause = (SQLException) e;
    String state = JdbcErrors.sqlStateOf(cause);
    if (state.startsWith("28") || LOGINS_DENIED.contains(cause.getErrorCode())) {
      return new StoreConfigurationException(
          product
              + ": the user was not let in; check the user and password in the store URI or options"
              + ", the certificate, if the server wants one (store options tls-certificate and"
              + (" tls-key), and the user's grants (PostgreSQL: pg_hba.conf): " + e.getMessage()),
          e);
    }
    if (state.equals("3D000") || cause.getErrorCode() == DATABASE_UNKNOWN) {
      return new StoreConfigurationException(
          product
              + ": there is no such database; make it (CREATE DATABASE …) or name another: "
              + e.getMessage(),
          e);
    }
    return JdbcErrors.of(cause).toException(e);
  }

  private static boolean isUnreachable(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof SQLException s && JdbcErrors.of(s) == JdbcErrors.UNREACHABLE) {
        return true;
      }
    }
    return false;
  }
}
