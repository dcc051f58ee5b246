package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rows of MariaDB that are damaged. */
final class MariaDbDamagedRowsTest extends DamagedRows {
  @RegisterExtension static final MySqlFamilyDatabase MARIADB = MySqlFamilyDatabase.onMariaDb();

  @Override
  SqlStoreUnderTest store() {
    return new MySqlStoreUnderTest(MARIADB);
  }
}
