package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.MySqlStoreUnderTest;
import dev.fencepost.backend.jdbc.SqlStoreUnderTest;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An upgrade of replicas on a MariaDB. */
final class MariaDbRollingUpgradeTest extends RollingUpgrade {
  @RegisterExtension static final MySqlFamilyDatabase DATABASE = MySqlFamilyDatabase.onMariaDb();

  @Override
  SqlStoreUnderTest store() {
    return new MySqlStoreUnderTest(DATABASE);
  }

  @Override
  FormerReplica former(SqlStoreUnderTest store) {
    return FormerReplica.onMariaDb(store);
  }
}
