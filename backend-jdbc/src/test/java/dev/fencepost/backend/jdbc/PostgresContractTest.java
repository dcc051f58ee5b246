package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import dev.fencepost.testkit.process.PostgresDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Random;
import org.junit.jupiter.api.extension.RegisterExtension;

final class PostgresContractTest extends LockBackendContract {
  @RegisterExtension static final PostgresDatabase POSTGRES = new PostgresDatabase();

  @Override
  protected StoreUnderTest store() {
    // Read once: each nested class of the contract has another database made.
    return new PostgresStore(POSTGRES.jdbcUri());
  }

  private static final class PostgresStore extends SqlStoreUnderTest {
    private final String uri;

    PostgresStore(String uri) {
      this.uri = uri;
    }

    @Override
    String uri() {
      return uri;
    }

    @Override
    Connection connect() throws SQLException {
      return DriverManager.getConnection(uri);
    }

    @Override
    Database database() {
      return new Postgres(uri(), JdbcSettings.of(StoreSettings.of(uri())), new Random());
    }

    @Override
    public boolean wakesByNotification() {
      return true;
    }

    @Override
    public void restart() {
      POSTGRES.server().restart();
    }

    @Override
    public void close() {}
  }
}
