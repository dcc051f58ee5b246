package dev.fencepost.fence;

import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/** MySQL, by its own driver. */
class MySqlFenceTest extends MySqlFamilyFenceContract {

  @RegisterExtension static final MySqlFamilyDatabase DATABASE = MySqlFamilyDatabase.onMySql();

  @BeforeAll
  static void hurry() {
    spareTheDisk(DATABASE.server());
  }

  @Override
  String url() {
    return DATABASE.jdbcUri();
  }
}
