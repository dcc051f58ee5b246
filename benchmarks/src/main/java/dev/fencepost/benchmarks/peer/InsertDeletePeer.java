package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import dev.fencepost.benchmarks.contender.TakenLock;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.util.Optional;
import java.util.UUID;

/** Inserts a row to take a lock and deletes it to release it. No lease, no token. */
public final class InsertDeletePeer implements Contender {
  private static final long POLL_MICROS = 2000;
  private static final String DUPLICATE = "23505";

  /** MariaDB's answer to some callers that insert the same key at once. */
  private static final String DEADLOCK = "40001";

  private final HikariDataSource pool;

  /** Connects and creates the table. */
  public InsertDeletePeer(ContenderSettings settings) throws SQLException {
    pool = PeerConnectionPool.open(settings, PeerConnectionPool.CONNECTIONS);
    PeerConnectionPool.execute(
        pool,
        "CREATE TABLE IF NOT EXISTS by_hand"
            + " (name VARCHAR(255) PRIMARY KEY, owner VARCHAR(36) NOT NULL)");
  }

  @Override
  public TakenLock acquire(String lock) throws Exception {
    return PollingWait.poll(POLL_MICROS, () -> tryAcquire(lock));
  }

  @Override
  public Optional<TakenLock> tryAcquire(String lock) throws SQLException {
    String owner = UUID.randomUUID().toString();
    try {
      update("INSERT INTO by_hand (name, owner) VALUES (?, ?)", lock, owner);
    } catch (SQLException e) {
      if (e instanceof SQLIntegrityConstraintViolationException
          || DUPLICATE.equals(e.getSQLState())
          || DEADLOCK.equals(e.getSQLState())) {
        return Optional.empty();
      }
      throw e;
    }
    return Optional.of(() -> delete(lock, owner));
  }

  @Override
  public void close() {
    pool.close();
  }

  private void delete(String lock, String owner) throws SQLException {
    while (true) {
      try {
        if (update("DELETE FROM by_hand WHERE name = ? AND owner = ?", lock, owner) != 1) {
          throw new IllegalStateException("not held: " + lock);
        }
        return;
      } catch (SQLException e) {
        if (!DEADLOCK.equals(e.getSQLState())) {
          throw e;
        }
      }
    }
  }

  private int update(String sql, String lock, String owner) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, lock);
      statement.setString(2, owner);
      return statement.executeUpdate();
    }
  }
}
