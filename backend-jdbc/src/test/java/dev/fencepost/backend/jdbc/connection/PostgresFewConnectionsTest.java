package dev.fencepost.backend.jdbc.connection;

import dev.fencepost.testkit.process.PostgresDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A PostgreSQL with a role that has a connection limit. */
final class PostgresFewConnectionsTest extends FewConnections {
  @RegisterExtension static final PostgresDatabase POSTGRES = new PostgresDatabase();

  @BeforeAll
  static void makeRole() {
    POSTGRES.server().sql("CREATE ROLE limited LOGIN");
    POSTGRES.server().sql("ALTER DATABASE " + POSTGRES.name() + " OWNER TO limited");
  }

  @Override
  String uri() {
    return POSTGRES.jdbcUri().replaceAll("user=\\w+", "user=limited");
  }

  @Override
  void limit(int connections) {
    POSTGRES.server().sql("ALTER ROLE limited CONNECTION LIMIT " + connections);
  }

  @Override
  void endConnections() {
    POSTGRES
        .server()
        .sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'limited'");
  }

  @Override
  String refusal() {
    return "too many connections for role \"limited\"";
  }
}
