package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.lock.spi.StoreConfigurationException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;

/** Checks whether a MariaDB or MySQL can keep the contract, and names the remedy if not. */
final class MySqlServerCheck {
  private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)\\..*");
  private static final int MIN_MARIADB = 10_06;
  private static final int MIN_MYSQL = 8_00;

  /** The last column of each table. */
  private static final Map<String, String> LAST_COLUMNS =
      Map.of(
          "fencepost_lock", "was_revoked",
          "fencepost_mark", "answer",
          "fencepost_replica", "seen_at",
          "fencepost_store", "created_at");

  private static final int ACCESS_DENIED = 1045;
  private static final int DATABASE_DENIED = 1044;
  private static final int NO_DATABASE = 1049;
  private static final Set<Integer> DENIED = Set.of(1142, 1143, DATABASE_DENIED, 1227);

  private final SqlStatements statements;
  private final Connection connection;

  MySqlServerCheck(SqlStatements statements, Connection connection) {
    this.statements = statements;
    this.connection = connection;
  }

  /**
   * Refuses a server that could lose writes or refuse them.
   *
   * @return the kind of server, {@code mariadb} or {@code mysql}
   */
  String requireSupportedServer() throws SQLException {
    String kind;
    try (BoundStatement statement = statements.prepare(connection, "server_state");
        ResultSet row = statement.query()) {
      row.next();
      kind = kind(row.getString("version"));
      if (row.getString("place") == null) {
        throw notSupported(
            "the store URI names no database; add one: jdbc:mariadb://host:3306/database");
      }
      if (row.getLong("moved") <= 0) {
        throw notSupported(
            "SYSDATE stands still during a statement, so that a claim which waited for a row would"
                + " get a lease that is partly over; remove sysdate_is_now from the server's"
                + " configuration");
      }
    }
    requireSafeSettings(pairs("variables"));
    return kind;
  }

  /**
   * Checks whether tables have to be made. A complete set of tables is left alone, no matter who
   * made it. If a table is missing that this user may not make, the database is refused with the
   * remedy.
   */
  boolean mustCreateTables() throws SQLException {
    if (missing().isEmpty()) {
      return false;
    }
    try (BoundStatement statement = statements.prepare(connection, "may_create")) {
      statement.update();
      return true;
    } catch (SQLException e) {
      if (!DENIED.contains(e.getErrorCode())) {
        return true;
      }
      throw notSupported(
          "the user may not make Fencepost's tables; GRANT CREATE, ALTER, INDEX, SELECT, INSERT,"
              + " UPDATE, DELETE ON its database TO it, or let an administrator apply the"
              + " statements that `fencepost schema` prints: "
              + e.getMessage());
    }
  }

  /** Refuses tables that the migrations have not completed. */
  void requireTables() throws SQLException {
    Map<String, String> missing = missing();
    if (!missing.isEmpty()) {
      throw notSupported(
          ("Fencepost's tables are incomplete: these columns are missing: " + missing)
              + "; compare them with the statements that `fencepost schema` prints");
    }
  }

  private Map<String, String> missing() throws SQLException {
    Map<String, String> missing = new TreeMap<>(LAST_COLUMNS);
    missing.keySet().removeAll(pairs("existing_columns").keySet());
    return missing;
  }

  /** Refuses tables without transactions, and a user who may not use the tables. */
  void requireUsableTables() throws SQLException {
    engines()
        .forEach(
            (table, engine) -> {
              if (!engine.equalsIgnoreCase("InnoDB")) {
                throw notSupported(
                    ("table " + table + " is of the engine " + engine)
                        + (", which has no transactions; ALTER TABLE " + table)
                        + " ENGINE=InnoDB");
              }
            });
    try (BoundStatement statement = statements.prepare(connection, "permissions")) {
      statement.update();
    } catch (SQLException e) {
      if (DENIED.contains(e.getErrorCode())) {
        throw notSupported(
            "the user lacks a permission; GRANT SELECT, INSERT, UPDATE, DELETE ON each table whose"
                + " name begins with fencepost_ TO it: "
                + e.getMessage());
      }
      throw e;
    }
  }

  private static String kind(String text) {
    Matcher version = VERSION.matcher(text);
    if (!version.matches()) {
      throw notSupported("its version is " + text + ", which is neither MariaDB nor MySQL");
    }
    boolean isMariaDb = text.toLowerCase(Locale.ROOT).contains("mariadb");
    int number = Integer.parseInt(version.group(1)) * 100 + Integer.parseInt(version.group(2));
    if (number < (isMariaDb ? MIN_MARIADB : MIN_MYSQL)) {
      throw notSupported(
          "its version is " + text + "; use MariaDB 10.6 or later, or MySQL 8.0 or later");
    }
    return isMariaDb ? "mariadb" : "mysql";
  }

  private static void requireSafeSettings(Map<String, String> settings) {
    if (isOn(settings, "read_only") || isOn(settings, "innodb_read_only")) {
      throw notSupported(
          "it is read-only, as replicas are; name the server that takes the writes, or SET GLOBAL"
              + " read_only=OFF");
    }
    boolean logs = isOn(settings, "log_bin");
    if (logs && settings.getOrDefault("binlog_format", "ROW").equalsIgnoreCase("STATEMENT")) {
      throw notSupported(
          "its binary log is statement-based, which InnoDB refuses at READ COMMITTED; SET GLOBAL"
              + " binlog_format=ROW");
    }
    String flush = settings.getOrDefault("innodb_flush_log_at_trx_commit", "1");
    if (!flush.equals("1") && !flush.equals("3")) {
      throw notSupported(
          "it does not sync each commit, so that a crash loses grants that were answered; SET"
              + " GLOBAL innodb_flush_log_at_trx_commit=1");
    }
    if (logs && !settings.getOrDefault("sync_binlog", "1").equals("1")) {
      throw notSupported(
          "it does not sync its binary log with each commit, so that a crash of its machine rolls"
              + " back grants that were answered; SET GLOBAL sync_binlog=1");
    }
  }

  private Map<String, String> engines() throws SQLException {
    return pairs("existing_tables");
  }

  private Map<String, String> pairs(String name) throws SQLException {
    Map<String, String> pairs = new HashMap<>();
    try (BoundStatement statement = statements.prepare(connection, name);
        ResultSet rows = statement.query()) {
      while (rows.next()) {
        String value = rows.getString(2);
        pairs.put(rows.getString(1).toLowerCase(Locale.ROOT), value == null ? "" : value);
      }
    }
    return pairs;
  }

  private static boolean isOn(Map<String, String> settings, String name) {
    String value = settings.getOrDefault(name, "OFF");
    return !value.equalsIgnoreCase("OFF") && !value.equals("0");
  }

  /** The exception that tells an operator why connecting or checking failed. */
  static RuntimeException refusal(SQLException e) {
    return switch (e.getErrorCode()) {
      case ACCESS_DENIED, DATABASE_DENIED, 1698 ->
          new StoreConfigurationException(
              "MariaDB/MySQL: the user was not let in; check the user and password in the store URI"
                  + " or options, and the user's grants: "
                  + e.getMessage(),
              e);
      case NO_DATABASE ->
          new StoreConfigurationException(
              "MariaDB/MySQL: there is no such database; make it (CREATE DATABASE …) or name"
                  + " another: "
                  + e.getMessage(),
              e);
      default -> JdbcErrors.of(e).toException(e);
    };
  }

  /** The exception that tells an operator why a migration failed. */
  static RuntimeException refusal(FlywayException e) {
    SQLException cause = sqlCause(e);
    return cause != null && JdbcErrors.of(cause) == JdbcErrors.UNREACHABLE
        ? JdbcErrors.UNREACHABLE.toException(cause)
        : new StoreConfigurationException(
            "MariaDB/MySQL: Fencepost's tables cannot be made; let an administrator apply the"
                + (" statements that `fencepost schema` prints: " + JdbcErrors.messageOf(e)),
            e);
  }

  private static StoreConfigurationException notSupported(String why) {
    return new StoreConfigurationException("MariaDB/MySQL: " + why);
  }

  private static @Nullable SQLException sqlCause(Throwable e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof SQLException s && s.getErrorCode() != 0) {
        return s;
      }
    }
    return null;
  }
}
