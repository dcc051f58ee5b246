package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/**
 * PostgreSQL's advisory locks: they block in the server and are in no table; no lease, no token,
 * and a connection for each holder and each waiter.
 */
public final class AdvisoryLock implements Contender {
  /** Below the server's limit, and above the largest herd. */
  private static final int CONNECTIONS = 120;

  private final HikariDataSource pool;

  /** Connects. */
  public AdvisoryLock(Settings settings) {
    pool = Pool.open(settings, CONNECTIONS);
  }

  @Override
  public Held acquire(String lock) throws SQLException {
    return take("SELECT true FROM pg_advisory_lock(hashtextextended(?, 0))", lock).orElseThrow();
  }

  @Override
  public Optional<Held> tryAcquire(String lock) throws SQLException {
    return take("SELECT pg_try_advisory_lock(hashtextextended(?, 0))", lock);
  }

  @Override
  public void close() {
    pool.close();
  }

  /** The connection is the owner, so it stays with the lock. */
  private Optional<Held> take(String sql, String lock) throws SQLException {
    Connection connection = pool.getConnection();
    try {
      if (ask(connection, sql, lock)) {
        return Optional.of(() -> release(connection, lock));
      }
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    connection.close();
    return Optional.empty();
  }

  private static void release(Connection connection, String lock) throws SQLException {
    try (connection) {
      if (!ask(connection, "SELECT pg_advisory_unlock(hashtextextended(?, 0))", lock)) {
        throw new IllegalStateException("not held: " + lock);
      }
    }
  }

  private static boolean ask(Connection connection, String sql, String lock) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, lock);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() && rows.getBoolean(1);
      }
    }
  }
}
