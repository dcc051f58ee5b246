package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.Contender;
import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.contender.Settings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.util.Optional;
import java.util.UUID;

/** A row that is inserted to take a lock and deleted to give it back: no lease, no token. */
public final class InsertDelete implements Contender {
  private static final long POLL_MICROS = 2000;
  private static final String DUPLICATE = "23505";

  /** MariaDB's answer to some of those who insert the same key at once. */
  private static final String DEADLOCK = "40001";

  private final HikariDataSource pool;

  /** Connects and makes the table. */
  public InsertDelete(Settings settings) throws SQLException {
    pool = Pool.open(settings, Pool.CONNECTIONS);
    Pool.run(
        pool,
        "CREATE TABLE IF NOT EXISTS by_hand"
            + " (name VARCHAR(255) PRIMARY KEY, owner VARCHAR(36) NOT NULL)");
  }

  @Override
  public Held acquire(String lock) throws Exception {
    return Poll.every(POLL_MICROS, () -> tryAcquire(lock));
  }

  @Override
  public Optional<Held> tryAcquire(String lock) throws SQLException {
    String owner = UUID.randomUUID().toString();
    try {
      change("INSERT INTO by_hand (name, owner) VALUES (?, ?)", lock, owner);
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
        if (change("DELETE FROM by_hand WHERE name = ? AND owner = ?", lock, owner) != 1) {
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

  private int change(String sql, String lock, String owner) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, lock);
      statement.setString(2, owner);
      return statement.executeUpdate();
    }
  }
}
