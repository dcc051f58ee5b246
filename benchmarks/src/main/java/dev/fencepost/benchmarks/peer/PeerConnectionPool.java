package dev.fencepost.benchmarks.peer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.fencepost.benchmarks.contender.ContenderSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** Opens the connection pools of the SQL peers and creates their tables. */
final class PeerConnectionPool {
  /** The size for most peers. More connections made none of them faster on two cores. */
  static final int CONNECTIONS = 16;

  private static final int TIMEOUT_MILLIS = 60_000;

  private PeerConnectionPool() {}

  static HikariDataSource open(ContenderSettings settings, int connections) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(settings.address());
    config.setMaximumPoolSize(connections);
    config.setConnectionTimeout(TIMEOUT_MILLIS);
    return new HikariDataSource(config);
  }

  static void execute(HikariDataSource pool, String sql) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
