package dev.fencepost.fence;

import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;

/** MariaDB that refuses to overwrite rows newer than its snapshot, the default since 11.6. */
class MariaDbSnapshotFenceTest extends MySqlFamilyFenceContract {

  @RegisterExtension static final MySqlFamilyDatabase DATABASE = MySqlFamilyDatabase.onMariaDb();

  @BeforeAll
  static void hurry() {
    spareTheDisk(DATABASE.server());
  }

  @Override
  String url() {
    return DATABASE.jdbcUri() + "&sessionVariables=innodb_snapshot_isolation=ON";
  }
}
