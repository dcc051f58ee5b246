package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Absent replicas of a MariaDB. */
final class MariaDbAbsentReplicaTest extends AbsentReplica {
  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @Override
  int port() {
    return MARIADB.server().port();
  }

  @Override
  String uri(int port) {
    return MARIADB.jdbcUri(port);
  }
}
