package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariConfig;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
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
 * PostgreSQL 12 or later. Each batch is one statement in autocommit, so that no lock is ever kept
 * over a round trip.
 */
final class Postgres implements Database {
  private static final String KIND = "postgresql";
  private static final long MOST_LOCK_WAIT_MILLIS = 1_000;

  /** Logs a URI that it cannot read with its password, and throws as well. */
  private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql.Driver");

  private final JdbcSettings settings;
  private final Random random;
  private final PGSimpleDataSource source;
  private final Sql sql =
      new Sql(
          KIND,
          Map.of(Sql.Element.BYTES, "bytea", Sql.Element.TEXT, "text", Sql.Element.NUMBER, "int8"));
  private final Schema schema = new Schema(KIND);
  private final PostgresLocks locks = new PostgresLocks(sql);

  Postgres(String uri, JdbcSettings settings, Random random) {
    this.settings = settings;
    this.random = random;
    this.source = source(uri, settings);
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public Sql sql() {
    return sql;
  }

  @Override
  public long clockMicros() {
    return 0;
  }

  @Override
  public void prepare() {
    try (Connection connection = source.getConnection()) {
      PostgresFitness fitness = new PostgresFitness(sql, connection);
      fitness.requireOwnSession(source);
      fitness.requireFitServer();
      if (fitness.mustMakeTables()) {
        migrate(connection, fitness);
      }
      fitness.requirePermissions();
    } catch (SQLException e) {
      throw PostgresFitness.refusal(e);
    } catch (FlywayException e) {
      throw PostgresFitness.refusal(e);
    }
  }

  @Override
  public String schema() {
    return schema.text();
  }

  @Override
  public HikariConfig pool(String name, int connections) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("fencepost-postgresql-" + name);
    config.setDataSource(source);
    config.setMaximumPoolSize(connections);
    config.setInitializationFailTimeout(-1);
    // Every thread has a connection to itself: none to be had means that none can be made.
    config.setConnectionTimeout(
        Math.max(250, Math.min(1_000, settings.callTimeout().toMillis() / 2)));
    // A hiccup shorter than that breaks no connection.
    config.setValidationTimeout(Math.max(1_000, settings.callTimeout().toMillis() / 2));
    config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
    config.setConnectionInitSql(
        Sql.text("postgresql/session.sql")
            .replace("${statement_timeout}", Long.toString(settings.callTimeout().toMillis()))
            .replace("${lock_timeout}", Long.toString(lockTimeoutMillis())));
    return config;
  }

  @Override
  public void ask(Connection connection, List<Call<?>> calls, Seen seen) throws SQLException {
    if (calls.get(0).question().kind() == Question.Kind.TAKE) {
      locks.take(connection, calls, seen);
    } else {
      locks.change(connection, calls, seen);
    }
  }

  @Override
  public FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    try (Sql.Asked asked = sql.ask(connection, "advance")) {
      asked.with("resource", resource.utf8()).with("token", token.value());
      try (ResultSet rows = asked.query()) {
        rows.next();
        long mark = rows.getLong(2);
        if (rows.wasNull()) {
          return new FenceAdvance.TooFarAhead(rows.getLong(1));
        }
        return rows.getString(3).equals("A")
            ? new FenceAdvance.Advanced(new FencingToken(mark))
            : Marks.verdict(mark, token);
      }
    }
  }

  @Override
  public Wakes listen(ConnectionPools pools, Seen seen, Consumer<LockName> wake) {
    return new PostgresWakes(pools.optional("turns", source), seen.self(), wake, random);
  }

  @Override
  public void close() {
    // Each connection belongs to a pool or a listener.
  }

  /**
   * Under a lock: the history begins in two steps, and none may see another's first alone. After a
   * failure the lock ends with the connection.
   */
  private void migrate(Connection connection, PostgresFitness fitness) throws SQLException {
    connection.setAutoCommit(false);
    lockSchema(connection);
    // Another server may have made them meanwhile.
    if (fitness.mustMakeTables()) {
      schema.migrate(source);
    }
    connection.rollback();
    connection.setAutoCommit(true);
    // Not in that transaction, which remembers that they were not there.
    fitness.requireTables();
  }

  /** Waits for less than the driver waits for an answer. */
  private void lockSchema(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        Sql.Asked asked = sql.ask(connection, "schema_lock")) {
      statement.execute("SET LOCAL lock_timeout = " + settings.callTimeout().toMillis());
      asked.query().close();
    } catch (SQLException e) {
      if (Trouble.of(e) == Trouble.BLOCKED) {
        connection.rollback();
        throw schemaIsLocked(connection, e);
      }
      throw e;
    }
  }

  private StoreException schemaIsLocked(Connection connection, SQLException cause)
      throws SQLException {
    try (Sql.Asked asked = sql.ask(connection, "schema_lock_holder");
        ResultSet holder = asked.query()) {
      String pid = holder.next() ? holder.getString(1) : "unknown";
      return new StoreException(
          Failure.STORE_TIMEOUT,
          "another session of the database keeps the lock for making Fencepost's tables."
              + (" Unless a server is making them just now, end it: its process is " + pid),
          cause);
    }
  }

  private long lockTimeoutMillis() {
    return Math.min(MOST_LOCK_WAIT_MILLIS, Math.max(1, settings.callTimeout().toMillis() / 2));
  }

  private static PGSimpleDataSource source(String uri, JdbcSettings settings) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    int seconds = (int) TimeUnit.MILLISECONDS.toSeconds(settings.callTimeout().toMillis() + 999);
    source.setApplicationName("fencepost");
    source.setTcpKeepAlive(true);
    source.setConnectTimeout(seconds);
    source.setLoginTimeout(seconds + 1);
    // Behind the statement's own timeout, for a server that does not answer at all.
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
