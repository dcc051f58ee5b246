package dev.fencepost.backend.jdbc.sql;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The checks of a MariaDB or MySQL. */
final class MySqlServerCheck extends ServerCheck {
  private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+)\\..*");
  private static final int MIN_MARIADB = 10_06;
  private static final int MIN_MYSQL = 8_00;

  /** A table, a column, the database, and what needs an administrator. */
  private static final Set<Integer> DENIED = Set.of(1142, 1143, 1044, 1227);

  private final Consumer<String> onKind;

  /**
   * The checks through one connection.
   *
   * @param onKind receives the kind of server, {@code mariadb} or {@code mysql}
   */
  MySqlServerCheck(
      String product, SqlStatements statements, Connection connection, Consumer<String> onKind) {
    super(product, statements, connection);
    this.onKind = onKind;
  }

  @Override
  void requireSupportedServer() throws SQLException {
    try (BoundStatement statement = statement("server_state");
        ResultSet row = statement.query()) {
      row.next();
      onKind.accept(kind(row.getString("version")));
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
    requireSafeSettings(variables());
  }

  @Override
  void requireMayCreate() throws SQLException {
    requireAllowed(
        "may_create",
        "may not make Fencepost's tables; GRANT CREATE, ALTER, INDEX, SELECT, INSERT, UPDATE,"
            + " DELETE ON its database TO it, or let an administrator apply the statements that"
            + " `fencepost schema` prints: ");
  }

  @Override
  void requirePermissions() throws SQLException {
    refuseFor("engine_faults");
    requireAllowed(
        "permissions",
        "lacks a permission; GRANT SELECT, INSERT, UPDATE, DELETE ON each table whose name begins"
            + " with fencepost_ TO it: ");
  }

  /** Tries a statement that has no effect, and refuses a user to whom it is denied. */
  private void requireAllowed(String name, String remedy) throws SQLException {
    try (BoundStatement statement = statement(name)) {
      statement.update();
    } catch (SQLException e) {
      if (DENIED.contains(e.getErrorCode())) {
        throw notSupported("the user " + remedy + e.getMessage());
      }
      if (!name.equals("may_create")) {
        throw e;
      }
    }
  }

  private String kind(String text) {
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

  private void requireSafeSettings(Map<String, String> settings) {
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

  private Map<String, String> variables() throws SQLException {
    Map<String, String> pairs = new HashMap<>();
    try (BoundStatement statement = statement("variables");
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
}
