package dev.fencepost.backend.jdbc.sql;

import dev.fencepost.backend.jdbc.PostgresStoreUnderTest;
import dev.fencepost.backend.jdbc.SqlStoreUnderTest;
import dev.fencepost.testkit.process.PostgresDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An upgrade of replicas on a PostgreSQL. */
final class PostgresRollingUpgradeTest extends RollingUpgrade {
  @RegisterExtension static final PostgresDatabase DATABASE = new PostgresDatabase();

  @Override
  SqlStoreUnderTest store() {
    return new PostgresStoreUnderTest(DATABASE);
  }

  @Override
  FormerReplica former(SqlStoreUnderTest store) {
    return FormerReplica.onPostgres(store);
  }
}
