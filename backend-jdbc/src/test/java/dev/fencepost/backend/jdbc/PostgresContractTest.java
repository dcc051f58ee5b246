package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.PostgresDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

final class PostgresContractTest extends LockBackendContract {
  @RegisterExtension static final PostgresDatabase POSTGRES = new PostgresDatabase();

  @Override
  protected StoreUnderTest store() {
    return new PostgresStoreUnderTest(POSTGRES);
  }
}
