package dev.fencepost.backend.jdbc;

import com.zaxxer.hikari.HikariConfig;
import dev.fencepost.lock.FenceAdvance;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ResourceName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;

/**
 * What differs between one kind of database and another. Safe for use by many threads; whatever
 * takes a connection may block and belongs on a thread of {@link Lane} or {@link Housekeeping}.
 */
interface Database extends AutoCloseable {

  /** Its name in answers; settled once it is prepared. */
  String kind();

  /** Its statements. */
  Sql sql();

  /**
   * The time for statements that mention {@code :now}, in µs since 1970; any value where the
   * statements read the database's own clock.
   */
  long clockMicros();

  /**
   * Makes or migrates the tables and refuses a database that cannot keep the contract.
   *
   * @throws dev.fencepost.lock.spi.StoreConfigurationException if it is refused, with the remedy
   * @throws dev.fencepost.lock.spi.StoreException if it cannot be reached
   */
  void prepare();

  /** The statements that make the tables in an empty database. */
  String schema();

  /** How a pool of so many connections is made, which connects in the background. */
  HikariConfig pool(String name, int connections);

  /**
   * Asks questions of different locks, all of one kind, and settles each. What it throws means that
   * nothing happened, or all of it, of those that have not been told.
   */
  void ask(Connection connection, List<Call<?>> calls, Seen seen) throws SQLException;

  /** Lets a token pass a resource's mark. */
  FenceAdvance advance(Connection connection, ResourceName resource, FencingToken token)
      throws SQLException;

  /**
   * Begins to tell of turns that the database gives this replica, until closed.
   *
   * @param pools say when it may connect
   * @param seen by this replica; tells whether it stands in a line
   */
  Wakes listen(ConnectionPools pools, Seen seen, Consumer<LockName> wake);

  /** Ends what {@link #prepare} began. */
  @Override
  void close();

  /** What tells of turns. */
  interface Wakes extends AutoCloseable {
    @Override
    void close();
  }
}
