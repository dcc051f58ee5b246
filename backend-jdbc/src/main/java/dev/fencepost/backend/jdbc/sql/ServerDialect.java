package dev.fencepost.backend.jdbc.sql;

import com.zaxxer.hikari.HikariConfig;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.backend.jdbc.connection.JdbcSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.flywaydb.core.api.FlywayException;

/**
 * A database that is a server. Each batch is one round trip that begins and ends its transaction,
 * so that no row stays locked during a round trip.
 */
abstract class ServerDialect extends SqlDialect {
  private static final long MAX_LOCK_WAIT_MILLIS = 1_000;

  private final String folder;
  private final JdbcSettings settings;
  private final LockStatements lockStatements;

  ServerDialect(
      String folder, DataSource source, JdbcSettings settings, LockStatements lockStatements) {
    super(folder, source);
    this.folder = folder;
    this.settings = settings;
    this.lockStatements = lockStatements;
  }

  /** Makes the checks of this kind of server. */
  abstract ServerCheck check(Connection connection);

  /** Makes the tables under a lock, unless another replica has made them in the meantime. */
  abstract void migrate(Connection connection, ServerCheck check) throws SQLException;

  @Override
  public void prepare() {
    try (Connection connection = source().getConnection()) {
      ServerCheck check = check(connection);
      check.requireSupportedServer();
      if (check.mustCreateTables()) {
        migrate(connection, check);
        check.requireTables();
      }
      check.requirePermissions();
    } catch (SQLException | FlywayException e) {
      throw ServerCheck.refusal(product(), e);
    }
  }

  /** The server as messages name it. */
  abstract String product();

  @Override
  public HikariConfig poolConfig(String name, int connections) {
    long callMillis = settings.callTimeout().toMillis();
    HikariConfig config = super.poolConfig(name, connections);
    // Each thread owns one connection, so a timeout here means that the database is unreachable.
    config.setConnectionTimeout(Math.max(250, Math.min(1_000, callMillis / 2)));
    // A shorter interruption breaks no connection.
    config.setValidationTimeout(Math.max(1_000, callMillis / 2));
    long lockMillis = Math.min(MAX_LOCK_WAIT_MILLIS, Math.max(1, callMillis / 2));
    config.setConnectionInitSql(
        SqlStatements.resource(folder + "/connection_setup.sql")
            .replace("${call_millis}", Long.toString(callMillis))
            .replace("${call_seconds}", Long.toString(callSeconds(settings)))
            .replace("${lock_millis}", Long.toString(lockMillis)));
    return config;
  }

  @Override
  public void execute(
      Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException {
    lockStatements.execute(connection, commands, memory);
  }

  /** The call timeout in seconds, rounded up. */
  static long callSeconds(JdbcSettings settings) {
    return TimeUnit.MILLISECONDS.toSeconds(settings.callTimeout().toMillis() + 999);
  }
}
