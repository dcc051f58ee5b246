package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.connection.DriverTls;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.backend.jdbc.connection.JdbcErrors;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import dev.fencepost.backend.jdbc.connection.PostgresTlsFactory;
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
import java.sql.Statement;
import java.util.Random;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.postgresql.ds.PGSimpleDataSource;

/** PostgreSQL 12 or later. Each batch is one statement in autocommit. */
public final class PostgresDialect extends ServerDialect {
  private static final String FOLDER = "postgresql";

  /** Silenced: it logs an unreadable URI with its password, although it throws as well. */
  private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql.Driver");

  private final JdbcSettings settings;
  private final Random random;

  public PostgresDialect(String uri, JdbcSettings settings, Random random) {
    super(
        FOLDER,
        source(uri, settings),
        settings,
        new PostgresLockStatements(new SqlStatements(FOLDER), random));
    this.settings = settings;
    this.random = random;
  }

  @Override
  String product() {
    return "PostgreSQL";
  }

  @Override
  ServerCheck check(Connection connection) {
    return new PostgresServerCheck(product(), statements(), connection, source());
  }

  @Override
  public FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException {
    try (BoundStatement statement = statement(connection, "advance_mark")) {
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
        connections.optional("turns", source()), memory.self(), wake, random);
  }

  /**
   * {@inheritDoc} The history table begins in two steps, and no server may see the first step
   * alone. After a failure the lock ends with the connection.
   */
  @Override
  void migrate(Connection connection, ServerCheck check) throws SQLException {
    connection.setAutoCommit(false);
    lockSchema(connection);
    if (check.mustCreateTables()) {
      migrateTables();
    }
    // This transaction still sees the database without tables.
    connection.rollback();
    connection.setAutoCommit(true);
  }

  /** Waits for less time than the driver waits for an answer. */
  private void lockSchema(Connection connection) throws SQLException {
    try (Statement settingStatement = connection.createStatement();
        BoundStatement lock = statement(connection, "schema_lock")) {
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
    try (BoundStatement statement = statement(connection, "schema_lock_holder");
        ResultSet holder = statement.query()) {
      String pid = holder.next() ? holder.getString(1) : "unknown";
      return new StoreException(
          Failure.STORE_TIMEOUT,
          "another session of the database keeps the lock for making Fencepost's tables."
              + (" Unless a server is making them just now, end it: its process is " + pid),
          cause);
    }
  }

  private static PGSimpleDataSource source(String uri, JdbcSettings settings) {
    StoreLogin login = settings.login();
    PGSimpleDataSource source =
        new PGSimpleDataSource() {
          @Override
          public Connection getConnection() throws SQLException {
            return login.passwordFile().isPresent()
                ? getConnection(getUser(), JdbcErrors.readPassword(login))
                : super.getConnection();
          }
        };
    int seconds = (int) callSeconds(settings);
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
    login.user().ifPresent(source::setUser);
    login.password().ifPresent(source::setPassword);
    settings.tls().ifPresent(tls -> setTls(source, tls));
    return source;
  }

  /** The factory itself compares the name of the server, which may differ from the host. */
  private static void setTls(PGSimpleDataSource source, StoreTls tls) {
    source.setSslMode("verify-ca");
    source.setSslfactory(PostgresTlsFactory.class.getName());
    source.setSslFactoryArg(DriverTls.textOf(tls));
  }
}
