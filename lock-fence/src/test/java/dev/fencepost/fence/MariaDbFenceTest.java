package dev.fencepost.fence;

import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/** MariaDB, by its own driver. */
class MariaDbFenceTest extends MySqlFamilyFenceContract {

  @RegisterExtension static final MySqlFamilyDatabase DATABASE = MySqlFamilyDatabase.onMariaDb();

  @BeforeAll
  static void hurry() {
    spareTheDisk(DATABASE.server());
  }

  @Override
  String url() {
    return DATABASE.jdbcUri();
  }
}
