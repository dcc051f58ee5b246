package dev.fencepost.backend.jdbc.sql;

import com.zaxxer.hikari.HikariConfig;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
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
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.flywaydb.core.api.FlywayException;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * PostgreSQL 12 or later. Each batch is one statement in autocommit, so that no row stays locked
 * during a round trip.
 */
public final class PostgresDialect implements SqlDialect {
  private static final String KIND = "postgresql";
  private static final long MAX_LOCK_WAIT_MILLIS = 1_000;

  /** Silenced: it logs an unreadable URI with its password, although it throws as well. */
  private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql.Driver");

  private final JdbcSettings settings;
  private final Random random;
  private final PGSimpleDataSource source;
  private final SqlStatements statements =
      new SqlStatements(
          KIND,
          Map.of(
              ArrayParameter.ElementType.BYTES,
              "bytea",
              ArrayParameter.ElementType.TEXT,
              "text",
              ArrayParameter.ElementType.NUMBER,
              "int8"));
  private final JdbcSchema schema = new JdbcSchema(KIND);
  private final PostgresLockStatements lockStatements = new PostgresLockStatements(statements);

  public PostgresDialect(String uri, JdbcSettings settings, Random random) {
    this.settings = settings;
    this.random = random;
    this.source = source(uri, settings);
  }

  @Override
  public String kind() {
    return KIND;
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
      PostgresServerCheck check = new PostgresServerCheck(statements, connection);
      check.requireOwnSession(source);
      check.requireSupportedServer();
      if (check.mustCreateTables()) {
        migrate(connection, check);
      }
      check.requirePermissions();
    } catch (SQLException e) {
      throw PostgresServerCheck.refusal(e);
    } catch (FlywayException e) {
      throw PostgresServerCheck.refusal(e);
    }
  }

  @Override
  public String schema() {
    return schema.text();
  }

  @Override
  public HikariConfig poolConfig(String name, int connections) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("fencepost-postgresql-" + name);
    config.setDataSource(source);
    config.setMaximumPoolSize(connections);
    config.setInitializationFailTimeout(-1);
    // Each thread owns one connection, so a timeout here means that the database is unreachable.
    config.setConnectionTimeout(
        Math.max(250, Math.min(1_000, settings.callTimeout().toMillis() / 2)));
    // A shorter interruption breaks no connection.
    config.setValidationTimeout(Math.max(1_000, settings.callTimeout().toMillis() / 2));
    config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
    config.setConnectionInitSql(
        SqlStatements.resource("postgresql/connection_setup.sql")
            .replace("${statement_timeout}", Long.toString(settings.callTimeout().toMillis()))
            .replace("${lock_timeout}", Long.toString(lockTimeoutMillis())));
    return config;
  }

  @Override
  public void execute(
      Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    if (commands.get(0).isAttempt()) {
      lockStatements.acquire(connection, commands, memory);
    } else {
      lockStatements.change(connection, commands, memory);
    }
  }

  @Override
  public FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    try (BoundStatement statement = statements.prepare(connection, "advance_mark")) {
      statement.with("resource", resource.utf8()).with("token", token.value());
      try (ResultSet rows = statement.query()) {
        rows.next();
        long mark = rows.getLong(2);
        if (rows.wasNull()) {
          return new FenceAdvance.TooFarAhead(rows.getLong(1));
        }
        return rows.getString(3).equals("A")
            ? new FenceAdvance.Advanced(new FencingToken(mark))
            : FenceMarkRule.verdict(mark, token);
      }
    }
  }

  @Override
  public WakeSource openWakeSource(
      JdbcConnections connections, LocalObservations memory, Consumer<LockName> wake) {
    return new PostgresWakeListener(
        connections.optional("turns", source), memory.self(), wake, random);
  }

  @Override
  public void close() {
    // Each connection belongs to a pool or a listener.
  }

  /**
   * Migrates under a lock: the history table begins in two steps, and no server may see the first
   * step alone. After a failure the lock ends with the connection.
   */
  private void migrate(Connection connection, PostgresServerCheck check) throws SQLException {
    connection.setAutoCommit(false);
    lockSchema(connection);
    // Another server may have made the tables in the meantime.
    if (check.mustCreateTables()) {
      schema.migrate(source);
    }
    connection.rollback();
    connection.setAutoCommit(true);
    // After that transaction, which still sees the database without tables.
    check.requireTables();
  }

  /** Waits for less time than the driver waits for an answer. */
  private void lockSchema(Connection connection) throws SQLException {
    try (Statement settingStatement = connection.createStatement();
        BoundStatement lock = statements.prepare(connection, "schema_lock")) {
      settingStatement.execute("SET LOCAL lock_timeout = " + settings.callTimeout().toMillis());
      lock.query().close();
    } catch (SQLException e) {
      if (JdbcErrors.of(e) == JdbcErrors.BLOCKED) {
        connection.rollback();
        throw schemaIsLocked(connection, e);
      }
      throw e;
    }
  }

  private StoreException schemaIsLocked(Connection connection, SQLException cause)
      throws SQLException {
    try (BoundStatement statement = statements.prepare(connection, "schema_lock_holder");
        ResultSet holder = statement.query()) {
      String pid = holder.next() ? holder.getString(1) : "unknown";
      return new StoreException(
          Failure.STORE_TIMEOUT,
          "another session of the database keeps the lock for making Fencepost's tables."
              + (" Unless a server is making them just now, end it: its process is " + pid),
          cause);
    }
  }

  private long lockTimeoutMillis() {
    return Math.min(MAX_LOCK_WAIT_MILLIS, Math.max(1, settings.callTimeout().toMillis() / 2));
  }

  private static PGSimpleDataSource source(String uri, JdbcSettings settings) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    int seconds = (int) TimeUnit.MILLISECONDS.toSeconds(settings.callTimeout().toMillis() + 999);
    source.setApplicationName("fencepost");
    source.setTcpKeepAlive(true);
    source.setConnectTimeout(seconds);
    source.setLoginTimeout(seconds + 1);
    // Later than the statement's own timeout, for a server that does not answer at all.
    source.setSocketTimeout(seconds + 1);
    source.setPrepareThreshold(1);
    DRIVER_LOG.setLevel(Level.OFF);
    try {
      source.setURL(uri);
    } catch (IllegalArgumentException e) {
      throw new StoreConfigurationException(
          "store URI: PostgreSQL's driver cannot read it"
              + " (expected: jdbc:postgresql://host:5432/database?user=…)",
          e);
    }
    settings.user().ifPresent(source::setUser);
    settings.password().ifPresent(source::setPassword);
    return source;
  }
}
