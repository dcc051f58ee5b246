package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/**
 * PostgreSQL's advisory locks. They block in the server and are in no table. They have no lease and
 * no token, and each holder and each waiter needs a connection.
 */
public final class AdvisoryLockPeer implements Contender {
  /** Below the server's limit, and above the largest herd. */
  private static final int CONNECTIONS = 120;

  private final HikariDataSource pool;

  /** Connects. */
  public AdvisoryLockPeer(ContenderSettings settings) {
    pool = PeerConnectionPool.open(settings, CONNECTIONS);
  }

  @Override
  public TakenLock acquire(String lock) throws SQLException {
    return take("SELECT true FROM pg_advisory_lock(hashtextextended(?, 0))", lock).orElseThrow();
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) throws SQLException {
    return take("SELECT pg_try_advisory_lock(hashtextextended(?, 0))", lock);
  }

  @Override
  public void close() {
    pool.close();
  }

  /** Takes the lock and keeps the connection, because the connection is the owner. */
  private Optional<TakenLock> take(String sql, String lock) throws SQLException {
    Connection connection = pool.getConnection();
    try {
      if (query(connection, sql, lock)) {
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
      if (!query(connection, "SELECT pg_advisory_unlock(hashtextextended(?, 0))", lock)) {
        throw new IllegalStateException("not held: " + lock);
      }
    }
  }

  private static boolean query(Connection connection, String sql, String lock) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, lock);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() && rows.getBoolean(1);
      }
    }
  }
}
