package dev.fencepost.backend.jdbc.sql;

import com.zaxxer.hikari.HikariConfig;
import dev.fencepost.backend.jdbc.batch.PendingCommand;
import dev.fencepost.backend.jdbc.batch.StatementWorkers;
import dev.fencepost.backend.jdbc.connection.JdbcConnections;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;

/**
 * One kind of database: its statements, settings and checks. Safe for use by many threads. Methods
 * that take a connection may block; they run on the threads of {@link StatementWorkers} and on that
 * of the housekeeping.
 */
public interface SqlDialect extends AutoCloseable {

  /** The store's kind in answers; known once {@link #prepare} has returned. */
  String kind();

  SqlStatements statements();

  /**
   * The time for statements that mention {@code :now}, in µs since 1970. Any value will do where
   * the statements read the database's own clock.
   */
  long clockMicros();

  /** A statement by name; it gets {@link #clockMicros} if it mentions {@code :now}. */
  default BoundStatement statement(Connection connection, String name) {
    return statements().prepare(connection, name).with("now", clockMicros());
  }

  /**
   * Makes or migrates the tables and refuses a database that cannot keep the contract.
   *
   * @throws dev.fencepost.lock.spi.StoreConfigurationException if it is refused, with the remedy
   * @throws dev.fencepost.lock.spi.StoreException if it cannot be reached
   */
  void prepare();

  /** The statements that make the tables in an empty database. */
  String schema();

  /** The configuration of a connection pool of that size; the pool connects in the background. */
  HikariConfig poolConfig(String name, int connections);

  /**
   * Executes commands of one kind on different locks and records each outcome. An exception means
   * that of the commands whose stages are not complete either all took effect or none.
   */
  void execute(Connection connection, List<PendingCommand<?>> commands, LocalObservations memory)
      throws SQLException;

  /** Compares a token with a resource's fence mark and raises the mark if the token passes. */
  FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException;

  /**
   * Starts to report the turns that the database gives to this replica, until closed.
   *
   * @param connections decide when the source may connect
   * @param memory says whether this replica is in a queue
   * @param wake called with the lock of each turn
   */
  WakeSource openWakeSource(
      JdbcConnections connections, LocalObservations memory, Consumer<LockName> wake);

  /** Ends what {@link #prepare} began. */
  @Override
  void close();

  /** Reports turns, by notifications or by polling. */
  interface WakeSource extends AutoCloseable {
    @Override
    void close();
  }
}
