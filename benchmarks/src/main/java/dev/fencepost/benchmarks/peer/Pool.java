package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.Settings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** Connections to a database, and the tables of those who need one. */
final class Pool {
  /** For each peer; more made none of them faster on two cores. */
  static final int CONNECTIONS = 16;

  private static final int TIMEOUT_MILLIS = 60_000;

  private Pool() {}

  static HikariDataSource open(Settings settings, int connections) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(settings.address());
    config.setMaximumPoolSize(connections);
    config.setConnectionTimeout(TIMEOUT_MILLIS);
    return new HikariDataSource(config);
  }

  static void run(HikariDataSource pool, String... statements) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}
