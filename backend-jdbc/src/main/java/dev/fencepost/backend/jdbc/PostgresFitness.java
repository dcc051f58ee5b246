package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.spi.StoreConfigurationException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** Whether a PostgreSQL can keep the contract; says what to do where it cannot. */
final class PostgresFitness {
  private static final int LEAST_VERSION = 120_000;

  private final Sql sql;
  private final Connection connection;

  PostgresFitness(Sql sql, Connection connection) {
    this.sql = sql;
    this.connection = connection;
  }

  /**
   * Refuses a pooler that lends a session of the server to one client after another: the lock for
   * making tables would never be given back, and turns would not be heard of.
   */
  void requireOwnSession(DataSource source) throws SQLException {
    // No statement gets a name, which another client's may have in the same session.
    connection.unwrap(PGConnection.class).setPrepareThreshold(0);
    int before = process(connection);
    try (Connection other = source.getConnection()) {
      other.unwrap(PGConnection.class).setPrepareThreshold(0);
      // Until the end of its transaction it keeps what it was lent.
      other.setAutoCommit(false);
      boolean isShared = process(other) == before || process(connection) != before;
      other.rollback();
      if (isShared) {
        throw refused(
            "a pooler in transaction mode is in between, where LISTEN, prepared statements and the"
                + " settings of a session are lost; name the server itself, or set"
                + " pool_mode=session for this database or user");
      }
    }
  }

  private static int process(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      return row.getInt(1);
    }
  }

  /** Refuses a server that would lose or could not take what is written. */
  void requireFitServer() throws SQLException {
    try (Sql.Asked asked = sql.ask(connection, "fitness");
        ResultSet row = asked.query()) {
      row.next();
      if (row.getInt("version") < LEAST_VERSION) {
        throw refused("its version is below 12; use PostgreSQL 12 or later");
      }
      if (row.getBoolean("standby")) {
        throw refused(
            "it is a read replica; name the primary (or several hosts and"
                + " targetServerType=primary)");
      }
      if (row.getBoolean("read_only")) {
        throw refused(
            "its transactions are read-only; set default_transaction_read_only=off for the"
                + " database and user");
      }
      if (!row.getBoolean("syncs")) {
        throw refused(
            "fsync is off, so that a crash of its machine loses grants that were answered; set"
                + " fsync=on in postgresql.conf");
      }
      String encoding = row.getString("encoding");
      if (!encoding.equals("UTF8") && !encoding.equals("SQL_ASCII")) {
        throw refused(
            "its encoding "
                + encoding
                + " cannot keep every owner's name; make one with CREATE DATABASE … ENCODING"
                + " 'UTF8' TEMPLATE template0");
      }
    }
  }

  /**
   * Whether the tables are to be made. They are left alone if all is there, whoever made them. If
   * something is missing that this user may not make, refuses and says so.
   */
  boolean mustMakeTables() throws SQLException {
    try (Sql.Asked asked = sql.ask(connection, "tables");
        ResultSet row = asked.query()) {
      row.next();
      String place = row.getString("place");
      if (place == null) {
        throw refused("no schema of the search path exists; make one, or name one that does");
      }
      if (row.getString("missing") == null) {
        return false;
      }
      if (row.getBoolean("may_create")) {
        return true;
      }
      throw refused(
          "user "
              + row.getString("who")
              + " may not make Fencepost's tables in schema "
              + place
              + "; GRANT USAGE, CREATE ON SCHEMA "
              + place
              + " TO it, or let an administrator apply the statements that `fencepost schema`"
              + " prints");
    }
  }

  /** Refuses tables that the migrations did not complete. */
  void requireTables() throws SQLException {
    try (Sql.Asked asked = sql.ask(connection, "tables");
        ResultSet row = asked.query()) {
      row.next();
      String missing = row.getString("missing");
      if (missing != null) {
        throw refused(
            ("Fencepost's tables are incomplete: " + missing)
                + " is missing; compare them with the statements that `fencepost schema` prints");
      }
    }
  }

  /** Refuses a user who may not do what every call does. */
  void requirePermissions() throws SQLException {
    try (Sql.Asked asked = sql.ask(connection, "permissions");
        ResultSet rows = asked.query()) {
      while (rows.next()) {
        if (!rows.getBoolean("allowed")) {
          throw refused(
              "user "
                  + rows.getString("who")
                  + " lacks a permission; GRANT SELECT, INSERT, UPDATE, DELETE ON "
                  + rows.getString("name")
                  + " TO it");
        }
      }
    }
  }

  /** What a failure to connect or to look means to an operator. */
  static RuntimeException refusal(SQLException e) {
    String state = Trouble.state(e);
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
    return Trouble.of(e).as(e);
  }

  /** What a migration that failed means to an operator. */
  static RuntimeException refusal(FlywayException e) {
    SQLException cause = sqlCause(e);
    return cause != null && Trouble.of(cause) == Trouble.UNREACHABLE
        ? Trouble.UNREACHABLE.as(cause)
        : new StoreConfigurationException(
            "PostgreSQL: Fencepost's tables cannot be made; let an administrator apply the"
                + (" statements that `fencepost schema` prints: " + Trouble.words(e)),
            e);
  }

  private static StoreConfigurationException refused(String why) {
    return new StoreConfigurationException("PostgreSQL: " + why);
  }

  private static @Nullable SQLException sqlCause(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof SQLException s && !Trouble.state(s).isEmpty()) {
        return s;
      }
    }
    return null;
  }
}
