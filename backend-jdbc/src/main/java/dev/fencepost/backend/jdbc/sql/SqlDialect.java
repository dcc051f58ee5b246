package dev.fencepost.backend.jdbc.sql;

import com.zaxxer.hikari.HikariConfig;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.backend.jdbc.batch.StatementWorkers;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.spi.record.FenceMarkRule;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;
import javax.sql.DataSource;

/**
 * One kind of database: its statements, settings and checks. Safe for use by many threads. Methods
 * that take a connection may block; they run on the threads of {@link StatementWorkers} and on that
 * of the housekeeping.
 */
public abstract class SqlDialect implements AutoCloseable {
  private final String folder;
  private final DataSource source;
  private final SqlStatements statements;
  private final JdbcSchema schema;

  /**
   * Does not connect yet.
   *
   * @param folder of the statements and migrations
   */
  SqlDialect(String folder, DataSource source) {
    this.folder = folder;
    this.source = source;
    this.statements = new SqlStatements(folder);
    this.schema = new JdbcSchema(folder);
  }

  /** The store's kind in answers; known once {@link #prepare} has returned. */
  public String kind() {
    return folder;
  }

  /**
   * The time for statements that mention {@code :now}, in µs since 1970. Any value will do where
   * the statements read the database's own clock.
   */
  long clockMicros() {
    return 0;
  }

  /** A statement by name; it gets {@link #clockMicros} if it mentions {@code :now}. */
  public final BoundStatement statement(Connection connection, String name) {
    return statements.prepare(connection, name).with("now", clockMicros());
  }

  /**
   * Makes or migrates the tables and refuses a database that cannot keep the contract.
   *
   * @throws dev.fencepost.lock.spi.StoreConfigurationException if it is refused, with the remedy
   * @throws dev.fencepost.lock.spi.StoreException if it cannot be reached
   */
  public abstract void prepare();

  /** The statements that make the tables in an empty database. */
  public final String schema() {
    return schema.text();
  }

  /** The configuration of a connection pool of that size; the pool connects in the background. */
  public HikariConfig poolConfig(String name, int connections) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("fencepost-" + folder + "-" + name);
    config.setDataSource(source);
    config.setMaximumPoolSize(connections);
    config.setInitializationFailTimeout(-1);
    return config;
  }

  /**
   * Executes commands of one kind on different locks and records each outcome. An exception means
   * that of the commands whose stages are not complete either all took effect or none.
   */
  public abstract void execute(
      Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException;

  /** Compares a token with a resource's fence mark and raises the mark if the token passes. */
  public abstract FenceAdvance advance(
      Connection connection, ResourceName resource, FencingToken token) throws SQLException;

  /**
   * Starts to report the turns that the database gives to this replica, until closed.
   *
   * @param connections decide when the source may connect
   * @param memory says whether this replica is in a queue
   * @param wake called with the lock of each turn
   */
  public abstract WakeSource openWakeSource(
      JdbcConnections connections, LocalObservations memory, Consumer<LockName> wake);

  /** Ends what {@link #prepare} began. */
  @Override
  public void close() {}

  /** Reports turns, by notifications or by polling. */
  public interface WakeSource extends AutoCloseable {
    @Override
    void close();
  }

  final DataSource source() {
    return source;
  }

  final SqlStatements statements() {
    return statements;
  }

  /** Applies the missing migrations. */
  final void migrateTables() {
    schema.migrate(source);
  }

  /**
   * The highest token that passes as a fence mark. The tokens of the locks are read only for a
   * token that is too far ahead of the clock. Clock and tokens only rise, so the bound stays valid.
   */
  final long highestAccepted(Connection connection, FencingToken token, long nowMicros)
      throws SQLException {
    long byClock = FenceMarkRule.highestAccepted(nowMicros);
    return token.value() <= byClock
        ? byClock
        : Math.max(
            byClock, FenceMarkRule.dayAfter(readNumber(statement(connection, "highest_token"))));
  }

  /** Returns the number in the first column of the first row; 0 if there is none. */
  final long readNumber(BoundStatement statement) throws SQLException {
    try (statement;
        ResultSet rows = statement.query()) {
      return rows.next() ? rows.getLong(1) : 0;
    }
  }
}
