package dev.fencepost.backend.jdbc.connection;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.slf4j.LoggerFactory;

/**
 * Makes connections to a database. In each outage it logs once why a connection was refused, with
 * the database's own message. The time limits of the source are kept, even if a pool asks for
 * others. Safe for use by many threads.
 */
final class OutageLoggingDataSource implements DataSource {
  private static final org.slf4j.Logger LOG =
      LoggerFactory.getLogger(OutageLoggingDataSource.class);

  /** May refuse a connection before the database is asked for it. */
  @FunctionalInterface
  interface Condition {
    void require() throws SQLException;
  }

  private final String use;
  private final DataSource source;
  private final Condition condition;
  private final Runnable onTooMany;
  private final AtomicBoolean refused = new AtomicBoolean();

  /**
   * Does not connect yet.
   *
   * @param use the use of the connections, for the log
   * @param onTooMany called when the database refuses a connection because there are too many
   */
  OutageLoggingDataSource(String use, DataSource source, Condition condition, Runnable onTooMany) {
    this.use = use;
    this.source = source;
    this.condition = condition;
    this.onTooMany = onTooMany;
  }

  @Override
  public Connection getConnection() throws SQLException {
    condition.require();
    try {
      Connection connection = source.getConnection();
      refused.set(false);
      return connection;
    } catch (SQLException e) {
      if (!refused.getAndSet(true)) {
        String why = JdbcErrors.tlsFault(e).orElseGet(() -> JdbcErrors.messageOf(e));
        LOG.warn("No {} connection to the database: {}", use, why);
      }
      if (JdbcErrors.isTooManyConnections(e)) {
        onTooMany.run();
      }
      throw e;
    }
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    throw new SQLFeatureNotSupportedException("the user is the source's own");
  }

  @Override
  public PrintWriter getLogWriter() throws SQLException {
    return source.getLogWriter();
  }

  @Override
  public void setLogWriter(PrintWriter out) throws SQLException {
    source.setLogWriter(out);
  }

  /** Does nothing: a pool would set the time for which a call waits for a connection. */
  @Override
  public void setLoginTimeout(int seconds) {}

  /** The time in seconds for which a closing pool waits for a connection in progress. */
  @Override
  public int getLoginTimeout() {
    return 1;
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    return source.getParentLogger();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return source.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return source.isWrapperFor(type);
  }
}
