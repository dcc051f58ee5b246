package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.connection.DriverTls;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.connection.MariaDbTlsPlugin;
import dev.fencepost.backend.jdbc.connection.UriParameters;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreException;
import dev.fencepost.lock.spi.StoreException.Failure;
import dev.fencepost.lock.spi.record.FenceMarkRule;
import dev.fencepost.lock.tls.StoreLogin;
import dev.fencepost.lock.tls.StoreTls;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.mariadb.jdbc.MariaDbDataSource;

/**
 * MariaDB 10.6 or MySQL 8.0 or later, by statements that both understand. Each batch is one packet.
 */
public final class MySqlDialect extends ServerDialect {
  private static final String FOLDER = "mysql";
  private static final int SCHEMA_LOCK_TRIES = 6;

  private final long callSeconds;
  private volatile String kind = FOLDER;

  /**
   * Does not connect yet.
   *
   * @param address the store URI after its scheme
   */
  public MySqlDialect(String address, JdbcSettings settings, Random random) {
    super(
        FOLDER,
        source(address, settings),
        settings,
        new LockStatements(new SqlStatements(FOLDER), random));
    this.callSeconds = callSeconds(settings);
  }

  /** Either {@code mariadb} or {@code mysql}, as the server says and not the URI. */
  @Override
  public String kind() {
    return kind;
  }

  @Override
  String product() {
    return "MariaDB/MySQL";
  }

  @Override
  ServerCheck check(Connection connection) {
    return new MySqlServerCheck(product(), statements(), connection, found -> kind = found);
  }

  @Override
  public FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    long nowMicros = readNumber(statement(connection, "clock"));
    long limit = highestAccepted(connection, token, nowMicros);
    if (token.value() > limit) {
      return new FenceAdvance.TooFarAhead(limit);
    }
    try (BoundStatement statement = statement(connection, "advance_mark")) {
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
    return new MySqlWakePoller(connections.openOptional("turns"), statements(), memory, wake);
  }

  /** {@inheritDoc} A failed migration is not undone, so two must never overlap. */
  @Override
  void migrate(Connection connection, ServerCheck check) throws SQLException {
    for (int tries = 0; tries < SCHEMA_LOCK_TRIES; tries++) {
      BoundStatement lock = statement(connection, "schema_lock").with("seconds", callSeconds);
      if (readNumber(lock) == 1) {
        if (check.mustCreateTables()) {
          migrateTables();
        }
        return;
      }
    }
    throw new StoreException(
        Failure.STORE_TIMEOUT, "another server has been making the tables for very long");
  }

  private static MariaDbDataSource source(String address, JdbcSettings settings) {
    int query = address.indexOf('?');
    Map<String, String> parameters =
        UriParameters.parse(query < 0 ? "" : address.substring(query + 1));
    StoreLogin login = settings.login();
    Optional<String> user = login.user().or(() -> Optional.ofNullable(parameters.get("user")));
    Optional<String> password =
        login.password().or(() -> Optional.ofNullable(parameters.get("password")));
    parameters.keySet().removeAll(Set.of("user", "password"));
    long millis = TimeUnit.SECONDS.toMillis(callSeconds(settings));
    String url =
        "jdbc:mariadb:"
            + (query < 0 ? address : address.substring(0, query))
            // The last value of a parameter wins.
            + ("?allowLocalInfile=false&connectTimeout=" + millis)
            // Later than the statement's own timeout, for a server that does not answer at all.
            + ("&socketTimeout=" + (millis + 1_000) + "&")
            + UriParameters.join(parameters)
            + "allowMultiQueries=true&useServerPrepStmts=false&defaultFetchSize=0"
            + "&dumpQueriesOnException=false&transactionReplay=false"
            + settings.tls().map(MySqlDialect::tlsParameters).orElse("");
    try {
      MariaDbDataSource source =
          new MariaDbDataSource(url) {
            @Override
            public Connection getConnection() throws SQLException {
              return login.passwordFile().isPresent()
                  ? getConnection(user.orElse(null), JdbcErrors.readPassword(login))
                  : super.getConnection();
            }
          };
      if (user.isPresent()) {
        source.setUser(user.get());
      }
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

  private static String tlsParameters(StoreTls tls) {
    return "&sslMode=verify-full&tlsSocketType="
        + MariaDbTlsPlugin.TYPE
        + ("&" + MariaDbTlsPlugin.PARAMETER + "=" + DriverTls.textOf(tls));
  }
}
