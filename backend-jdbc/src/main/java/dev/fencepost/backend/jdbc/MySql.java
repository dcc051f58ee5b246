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
 * that begins and ends its transaction, so that no lock is ever kept over a round trip.
 */
final class MySql implements Database {
  private static final String FOLDER = "mysql";
  private static final int SCHEMA_LOCK_TRIES = 6;

  private final JdbcSettings settings;
  private final MariaDbDataSource source;
  private final Sql sql = new Sql(FOLDER, Map.of());
  private final Schema schema = new Schema(FOLDER);
  private final MySqlLocks locks;
  private volatile String kind = FOLDER;

  /**
   * Connects to nothing yet.
   *
   * @param place the store URI after its scheme
   */
  MySql(String place, JdbcSettings settings, Random random) {
    this.settings = settings;
    this.source = source(place, settings);
    this.locks = new MySqlLocks(sql, random);
  }

  /** Either {@code mariadb} or {@code mysql}, whatever the URI says. */
  @Override
  public String kind() {
    return kind;
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
      MySqlFitness fitness = new MySqlFitness(sql, connection);
      kind = fitness.requireFitServer();
      if (fitness.mustMakeTables()) {
        migrate(connection, fitness);
      }
      fitness.requireFitTables();
    } catch (SQLException e) {
      throw MySqlFitness.refusal(e);
    } catch (FlywayException e) {
      throw MySqlFitness.refusal(e);
    }
  }

  @Override
  public String schema() {
    return schema.text();
  }

  @Override
  public HikariConfig pool(String name, int connections) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("fencepost-mysql-" + name);
    config.setDataSource(source);
    config.setMaximumPoolSize(connections);
    config.setInitializationFailTimeout(-1);
    // Every thread has a connection to itself: none to be had means that none can be made.
    config.setConnectionTimeout(
        Math.max(250, Math.min(1_000, settings.callTimeout().toMillis() / 2)));
    // A hiccup shorter than that breaks no connection.
    config.setValidationTimeout(Math.max(1_000, settings.callTimeout().toMillis() / 2));
    config.setConnectionInitSql(
        Sql.text(FOLDER + "/session.sql")
            .replace("${call_millis}", Long.toString(settings.callTimeout().toMillis()))
            .replace("${call_seconds}", Long.toString(callSeconds(settings))));
    return config;
  }

  @Override
  public void ask(Connection connection, List<Call<?>> calls, Seen seen) throws SQLException {
    locks.ask(connection, calls, seen);
  }

  @Override
  public FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    // The clock and the tokens only rise, so a bound that was read before holds all the more now.
    long limit = Marks.highestAccepted(number(connection, "clock"));
    if (token.value() > limit) {
      limit = Math.max(limit, Marks.dayAfter(number(connection, "highest_token")));
    }
    if (token.value() > limit) {
      return new FenceAdvance.TooFarAhead(limit);
    }
    try (Sql.Asked asked = sql.ask(connection, "advance")) {
      asked.with("resource", resource.utf8()).with("token", token.value());
      try (ResultSet rows = asked.query()) {
        rows.next();
        return rows.getString(2).equals("A")
            ? new FenceAdvance.Advanced(token)
            : Marks.verdict(rows.getLong(1), token);
      }
    }
  }

  @Override
  public Wakes listen(ConnectionPools pools, Seen seen, Consumer<LockName> wake) {
    return new MySqlWakes(pools.openOptional("turns"), sql, seen, wake);
  }

  @Override
  public void close() {
    // Each connection belongs to a pool.
  }

  /** Under a lock: nothing is undone here of a migration, so none may see another's half. */
  private void migrate(Connection connection, MySqlFitness fitness) throws SQLException {
    for (int tries = 0; tries < SCHEMA_LOCK_TRIES; tries++) {
      try (Sql.Asked asked = sql.ask(connection, "schema_lock");
          ResultSet row = asked.with("seconds", callSeconds(settings)).query()) {
        row.next();
        if (row.getInt(1) == 1) {
          // Another server may have made them meanwhile.
          if (fitness.mustMakeTables()) {
            schema.migrate(source);
            fitness.requireTables();
          }
          return;
        }
      }
    }
    throw new StoreException(
        Failure.STORE_TIMEOUT, "another server has been making the tables for very long");
  }

  private long number(Connection connection, String statement) throws SQLException {
    try (Sql.Asked asked = sql.ask(connection, statement);
        ResultSet rows = asked.query()) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private static MariaDbDataSource source(String place, JdbcSettings settings) {
    int query = place.indexOf('?');
    UriParameters theirs = UriParameters.parse(query < 0 ? "" : place.substring(query + 1));
    long millis = TimeUnit.SECONDS.toMillis(callSeconds(settings));
    String url =
        "jdbc:mariadb:"
            + (query < 0 ? place : place.substring(0, query))
            // Of two values the last one wins.
            + ("?allowLocalInfile=false&connectTimeout=" + millis)
            // Behind the statement's own timeout, for a server that does not answer at all.
            + ("&socketTimeout=" + (millis + 1_000) + "&")
            + theirs.without("user", "password")
            + "allowMultiQueries=true&useServerPrepStmts=false&defaultFetchSize=0"
            + "&dumpQueriesOnException=false&transactionReplay=false";
    try {
      MariaDbDataSource source = new MariaDbDataSource(url);
      Optional<String> user = settings.user().or(() -> theirs.value("user"));
      if (user.isPresent()) {
        source.setUser(user.get());
      }
      Optional<String> password = settings.password().or(() -> theirs.value("password"));
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
