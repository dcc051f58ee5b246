package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.PostgresDatabase;
import dev.fencepost.testkit.process.StoreProcess;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Faults of a PostgreSQL server. */
final class PostgresFaultsTest extends ServerFaults {
  @RegisterExtension static final PostgresDatabase POSTGRES = new PostgresDatabase();

  @Override
  StoreProcess server() {
    return POSTGRES.server();
  }

  @Override
  String uri() {
    return POSTGRES.jdbcUri();
  }

  @Override
  Connection connect() throws SQLException {
    return DriverManager.getConnection(uri());
  }

  @Test
  void killedListeningConnection_isMadeAgain() throws SQLException {
    try (TestReplica a = new TestReplica(uri());
        TestReplica b = new TestReplica(uri())) {
      awaitWake(a, b);
      run(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
              + " WHERE datname = current_database()"
              + " AND (query LIKE 'LISTEN %' OR query = 'SELECT 1')");
      awaitWake(a, b);
    }
  }
}
