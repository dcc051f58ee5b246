package dev.fencepost.backend.jdbc.connection;

import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A MariaDB with a user that has a connection limit. */
final class MariaDbFewConnectionsTest extends FewConnections {
  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @BeforeAll
  static void makeUser() {
    MARIADB.server().sql("CREATE USER limited@'%'");
    MARIADB.server().sql("GRANT ALL ON " + MARIADB.name() + ".* TO limited@'%'");
  }

  @Override
  String uri() {
    return MARIADB.jdbcUri().replaceAll("user=\\w+", "user=limited");
  }

  @Override
  void limit(int connections) {
    MARIADB.server().sql("ALTER USER limited@'%' WITH MAX_USER_CONNECTIONS " + connections);
  }

  @Override
  void endConnections() {
    MARIADB.server().sql("KILL USER limited");
  }

  @Override
  String refusal() {
    return "max_user_connections";
  }
}
