package dev.fencepost.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** A row that is inserted to take a lock and deleted to give it back: no lease, no token. */
final class ByHand implements Side {
  private final HikariDataSource pool;

  ByHand(String uri, int connections) throws SQLException {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(uri);
    config.setMaximumPoolSize(connections);
    config.setConnectionTimeout(30_000);
    pool = new HikariDataSource(config);
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE IF NOT EXISTS by_hand"
              + " (name varchar(200) PRIMARY KEY, owner varchar(200) NOT NULL)");
      statement.execute("TRUNCATE TABLE by_hand");
    }
  }

  @Override
  public String name() {
    return "INSERT/DELETE by hand, " + pool.getMaximumPoolSize() + " connections";
  }

  @Override
  public long pairs(int callers, Duration time) throws Exception {
    return Threads.pairs(callers, time, this::pair);
  }

  @Override
  public void close() {
    pool.close();
  }

  private void pair(String lock) throws SQLException {
    run("INSERT INTO by_hand (name, owner) VALUES (?, ?)", lock);
    run("DELETE FROM by_hand WHERE name = ? AND owner = ?", lock);
  }

  private void run(String sql, String lock) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, lock);
      statement.setString(2, "me");
      if (statement.executeUpdate() != 1) {
        throw new IllegalStateException("not one row: " + lock);
      }
    }
  }
}
