package dev.fencepost.backend.jdbc.connection;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Runs functions through pooled connections. Safe for use by many threads. */
public final class ConnectionPool implements AutoCloseable {
  private static final int MAX_COLLISIONS = 10;
  private static final int MAX_PAUSE_MICROS = 2_000;

  private final HikariDataSource source;
  private final Random random;

  /**
   * Makes a pool of these connections.
   *
   * @param source closed by {@link #close}
   */
  public ConnectionPool(HikariDataSource source, Random random) {
    this.source = source;
    this.random = random;
  }

  /** A function that uses one connection. */
  @FunctionalInterface
  public interface ConnectionWork<T> {
    T apply(Connection connection) throws SQLException;
  }

  /** A function that uses one connection and returns nothing. */
  @FunctionalInterface
  public interface ConnectionTask {
    void run(Connection connection) throws SQLException;
  }

  /**
   * Runs a function that takes effect as a whole or not at all. After a collision it is repeated,
   * up to {@value #MAX_COLLISIONS} times, after a random pause of at most {@value
   * #MAX_PAUSE_MICROS} µs. A connection that broke is dropped.
   */
  public <T> T call(ConnectionWork<T> work) throws SQLException {
    for (int collisions = 0; ; collisions++) {
      try {
        return callOnce(work);
      } catch (SQLException e) {
        if (JdbcErrors.of(e) != JdbcErrors.COLLISION || collisions == MAX_COLLISIONS) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(MAX_PAUSE_MICROS)));
      }
    }
  }

  /** Runs a function without a result; see {@link #call}. */
  public void run(ConnectionTask task) throws SQLException {
    call(
        connection -> {
          task.run(connection);
          return true;
        });
  }

  @Override
  public void close() {
    source.close();
  }

  private <T> T callOnce(ConnectionWork<T> work) throws SQLException {
    try (Connection connection = source.getConnection()) {
      try {
        return work.apply(connection);
      } catch (SQLException e) {
        if (JdbcErrors.of(e) == JdbcErrors.UNREACHABLE) {
          source.evictConnection(connection);
        }
        throw e;
      }
    }
  }
}
