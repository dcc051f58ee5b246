package dev.fencepost.backend.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.MySqlFamilyDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class MySqlContractTest extends LockBackendContract {
  @RegisterExtension static final MySqlFamilyDatabase DATABASE = MySqlFamilyDatabase.onMySql();

  @Override
  protected StoreUnderTest store() {
    return new MySqlStoreUnderTest(DATABASE);
  }

  @Test
  void server_saysThatItIsMySql() {
    try (TestReplica replica = new TestReplica(DATABASE.jdbcUri())) {
      assertThat(replica.info().kind()).isEqualTo("mysql");
    }
  }
}
