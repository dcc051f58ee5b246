package dev.fencepost.backend.jdbc;

import dev.fencepost.lock.spi.record.Micros;
import dev.fencepost.testkit.contract.LockBackendContract;
import dev.fencepost.testkit.contract.StoreUnderTest;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import org.junit.jupiter.api.io.TempDir;

final class H2ContractTest extends LockBackendContract {
  @TempDir static Path folder;

  @Override
  protected StoreUnderTest store() {
    return new H2Store();
  }

  private static final class H2Store extends SqlStoreUnderTest {
    @Override
    String uri() {
      return "h2:" + folder;
    }

    @Override
    Connection connect() throws SQLException {
      return DriverManager.getConnection("jdbc:h2:file:" + folder.resolve("fencepost"));
    }

    @Override
    Database database() {
      return new H2(folder, () -> Micros.of(Instant.now()));
    }

    @Override
    public boolean wakesByNotification() {
      return false;
    }

    /** The database ended with its last connection and starts again with the next. */
    @Override
    public void restart() {}

    @Override
    public void close() {}
  }
}
