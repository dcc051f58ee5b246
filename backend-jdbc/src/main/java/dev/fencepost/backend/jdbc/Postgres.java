package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.lock.Advance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.StoreConfigurationException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.flywaydb.core.api.FlywayException;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * PostgreSQL 12 or later. Each batch is one statement in autocommit, so that no lock is ever kept
 * over a round trip.
 */
final class Postgres implements Database {
  private static final String KIND = "postgresql";
  private static final long MOST_LOCK_WAIT_MILLIS = 1_000;

  /** Waiting for another server's migration, in call timeouts. */
  private static final long SCHEMA_LOCK_TRIES = 6;

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
      fitness.requireFitServer();
      if (fitness.mayMakeTables()) {
        migrate(connection);
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
  public HikariDataSource pool(String name, int connections) {
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
    return new HikariDataSource(config);
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
  public Advance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    try (Sql.Asked asked = sql.ask(connection, "advance")) {
      asked.with("resource", resource.utf8()).with("token", token.value());
      try (ResultSet rows = asked.query()) {
        rows.next();
        long mark = rows.getLong(2);
        if (rows.wasNull()) {
          return new Advance.TooFarAhead(rows.getLong(1));
        }
        return rows.getString(3).equals("A")
            ? new Advance.Advanced(new FencingToken(mark))
            : Marks.verdict(mark, token);
      }
    }
  }

  @Override
  public Wakes listen(Seen seen, Consumer<LockName> wake) {
    return new PostgresWakes(source, seen.self(), wake, random);
  }

  @Override
  public void close() {
    // Each connection belongs to a pool or a listener.
  }

  /** Under a lock: the history begins in two steps, and none may see another's first alone. */
  private void migrate(Connection connection) throws SQLException {
    long millis = SCHEMA_LOCK_TRIES * settings.callTimeout().toMillis();
    try (Statement statement = connection.createStatement();
        Sql.Asked asked = sql.ask(connection, "schema_lock")) {
      statement.execute("SET lock_timeout = " + millis);
      try (ResultSet locked = asked.query()) {
        locked.next();
        schema.migrate(source);
      }
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
