package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

final class MariaDbContractTest extends LockBackendContract {
  @RegisterExtension static final MySqlFamilyDatabase DATABASE = MySqlFamilyDatabase.onMariaDb();

  @Override
  protected StoreUnderTest store() {
    return new MySqlStoreUnderTest(DATABASE);
  }
}
