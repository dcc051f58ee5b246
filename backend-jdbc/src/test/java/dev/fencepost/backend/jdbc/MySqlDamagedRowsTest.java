package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rows of MySQL that are damaged. */
final class MySqlDamagedRowsTest extends DamagedRows {
  @RegisterExtension static final MySqlFamilyDatabase MYSQL = MySqlFamilyDatabase.onMySql();

  @Override
  SqlStoreUnderTest store() {
    return new MySqlStoreUnderTest(MYSQL);
  }
}
