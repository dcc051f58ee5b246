package dev.fencepost.backend.jdbc;

import dev.fencepost.testkit.process.PostgresDatabase;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Rows of PostgreSQL that are damaged. */
final class PostgresDamagedRowsTest extends DamagedRows {
  @RegisterExtension static final PostgresDatabase POSTGRES = new PostgresDatabase();

  @Override
  SqlStoreUnderTest store() {
    return new PostgresStoreUnderTest(POSTGRES);
  }
}
