package dev.fencepost.backend.jdbc;

import dev.fencepost.backend.jdbc.sql.H2Dialect;
import dev.fencepost.backend.jdbc.sql.SqlDialect;
import dev.fencepost.lock.spi.record.MicrosecondTime;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;

/** A database on H2. */
final class H2StoreUnderTest extends SqlStoreUnderTest {
  private final Path folder;

  H2StoreUnderTest(Path folder) {
    this.folder = folder;
  }

  @Override
  public String uri() {
    return "h2:" + folder;
  }

  @Override
  public Connection connect() throws SQLException {
    return DriverManager.getConnection("jdbc:h2:file:" + folder.resolve("fencepost"));
  }

  @Override
  public SqlDialect dialect() {
    return new H2Dialect(folder, () -> MicrosecondTime.of(Instant.now()));
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
