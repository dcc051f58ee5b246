package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

final class H2ContractTest extends LockBackendContract {
  @TempDir static Path folder;

  @Override
  protected StoreUnderTest store() {
    return new H2StoreUnderTest(folder);
  }
}
