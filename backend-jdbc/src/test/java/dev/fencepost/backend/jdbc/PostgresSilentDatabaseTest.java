package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.PostgresDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A silent PostgreSQL. */
final class PostgresSilentDatabaseTest extends SilentDatabase {
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
