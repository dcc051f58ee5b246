package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.PostgresDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Absent replicas of a PostgreSQL. */
final class PostgresAbsentReplicaTest extends AbsentReplica {
  @RegisterExtension static final PostgresDatabase POSTGRES = new PostgresDatabase();

  @Override
  int port() {
    return POSTGRES.server().port();
  }

  @Override
  String uri(int port) {
    return POSTGRES.jdbcUri(port);
  }
}
