package dev.fencepost.backend.jdbc.sql;

import com.zaxxer.hikari.HikariConfig;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.connection.UriParameters;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.record.FenceMarkRule;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.flywaydb.core.api.FlywayException;
import org.mariadb.jdbc.MariaDbDataSource;

/**
 * MariaDB 10.6 or MySQL 8.0 or later, by statements that both understand. Each batch is one packet
 * that begins and ends its transaction, so that no row stays locked during a round trip.
 */
public final class MySqlDialect implements SqlDialect {
  private static final String FOLDER = "mysql";
  private static final int SCHEMA_LOCK_TRIES = 6;

  private final JdbcSettings settings;
  private final MariaDbDataSource source;
  private final SqlStatements statements = new SqlStatements(FOLDER, Map.of());
  private final JdbcSchema schema = new JdbcSchema(FOLDER);
  private final MySqlLockStatements lockStatements;
  private volatile String kind = FOLDER;

  /**
   * Does not connect yet.
   *
   * @param address the store URI after its scheme
   */
  public MySqlDialect(String address, JdbcSettings settings, Random random) {
    this.settings = settings;
    this.source = source(address, settings);
    this.lockStatements = new MySqlLockStatements(statements, random);
  }

  /** Either {@code mariadb} or {@code mysql}, as the server says and not the URI. */
  @Override
  public String kind() {
    return kind;
  }

  @Override
  public SqlStatements statements() {
    return statements;
  }

  @Override
  public long clockMicros() {
    return 0;
  }

  @Override
  public void prepare() {
    try (Connection connection = source.getConnection()) {
      MySqlServerCheck check = new MySqlServerCheck(statements, connection);
      kind = check.requireSupportedServer();
      if (check.mustCreateTables()) {
        migrate(connection, check);
      }
      check.requireUsableTables();
    } catch (SQLException e) {
      throw MySqlServerCheck.refusal(e);
    } catch (FlywayException e) {
      throw MySqlServerCheck.refusal(e);
    }
  }

  @Override
  public String schema() {
    return schema.text();
  }

  @Override
  public HikariConfig poolConfig(String name, int connections) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("fencepost-mysql-" + name);
    config.setDataSource(source);
    config.setMaximumPoolSize(connections);
    config.setInitializationFailTimeout(-1);
    // Each thread owns one connection, so a timeout here means that the database is unreachable.
    config.setConnectionTimeout(
        Math.max(250, Math.min(1_000, settings.callTimeout().toMillis() / 2)));
    // A shorter interruption breaks no connection.
    config.setValidationTimeout(Math.max(1_000, settings.callTimeout().toMillis() / 2));
    config.setConnectionInitSql(
        SqlStatements.resource(FOLDER + "/connection_setup.sql")
            .replace("${call_millis}", Long.toString(settings.callTimeout().toMillis()))
            .replace("${call_seconds}", Long.toString(callSeconds(settings))));
    return config;
  }

  @Override
  public void execute(
      Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    lockStatements.execute(connection, commands, memory);
  }

  @Override
  public FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    // The clock and the tokens only rise, so a bound that was read earlier still holds.
    long limit = FenceMarkRule.highestAccepted(number(connection, "clock"));
    if (token.value() > limit) {
      limit = Math.max(limit, FenceMarkRule.dayAfter(number(connection, "highest_token")));
    }
    if (token.value() > limit) {
      return new FenceAdvance.TooFarAhead(limit);
    }
    try (BoundStatement statement = statements.prepare(connection, "advance_mark")) {
      statement.with("resource", resource.utf8()).with("token", token.value());
      try (ResultSet rows = statement.query()) {
        rows.next();
        return rows.getString(2).equals("A")
            ? new FenceAdvance.Advanced(token)
            : FenceMarkRule.verdict(rows.getLong(1), token);
      }
    }
  }

  @Override
  public WakeSource openWakeSource(
      JdbcConnections connections, LocalObservations memory, Consumer<LockName> wake) {
    return new MySqlWakePoller(connections.openOptional("turns"), statements, memory, wake);
  }

  @Override
  public void close() {
    // Each connection belongs to a pool.
  }

  /** Migrates under a lock: a failed migration is not undone, so two must never overlap. */
  private void migrate(Connection connection, MySqlServerCheck check) throws SQLException {
    for (int tries = 0; tries < SCHEMA_LOCK_TRIES; tries++) {
      try (BoundStatement statement = statements.prepare(connection, "schema_lock");
          ResultSet row = statement.with("seconds", callSeconds(settings)).query()) {
        row.next();
        if (row.getInt(1) == 1) {
          // Another server may have made the tables in the meantime.
          if (check.mustCreateTables()) {
            schema.migrate(source);
            check.requireTables();
          }
          return;
        }
      }
    }
    throw new StoreException(
        Failure.STORE_TIMEOUT, "another server has been making the tables for very long");
  }

  private long number(Connection connection, String name) throws SQLException {
    try (BoundStatement statement = statements.prepare(connection, name);
        ResultSet rows = statement.query()) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private static MariaDbDataSource source(String address, JdbcSettings settings) {
    int statement = address.indexOf('?');
    UriParameters parameters =
        UriParameters.parse(statement < 0 ? "" : address.substring(statement + 1));
    long millis = TimeUnit.SECONDS.toMillis(callSeconds(settings));
    String url =
        "jdbc:mariadb:"
            + (statement < 0 ? address : address.substring(0, statement))
            // The last value of a parameter wins.
            + ("?allowLocalInfile=false&connectTimeout=" + millis)
            // Later than the statement's own timeout, for a server that does not answer at all.
            + ("&socketTimeout=" + (millis + 1_000) + "&")
            + parameters.without("user", "password")
            + "allowMultiQueries=true&useServerPrepStmts=false&defaultFetchSize=0"
            + "&dumpQueriesOnException=false&transactionReplay=false";
    try {
      MariaDbDataSource source = new MariaDbDataSource(url);
      Optional<String> user = settings.user().or(() -> parameters.value("user"));
      if (user.isPresent()) {
        source.setUser(user.get());
      }
      Optional<String> password = settings.password().or(() -> parameters.value("password"));
      if (password.isPresent()) {
        source.setPassword(password.get());
      }
      return source;
    } catch (SQLException | RuntimeException e) {
      throw new StoreConfigurationException(
          "store URI: MariaDB's driver cannot read it"
              + " (expected: jdbc:mariadb://host:3306/database?user=…)",
          e);
    }
  }

  private static long callSeconds(JdbcSettings settings) {
    return TimeUnit.MILLISECONDS.toSeconds(settings.callTimeout().toMillis() + 999);
  }
}
