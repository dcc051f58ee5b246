package dev.fencepost.backend.jdbc;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Rows of H2 that are damaged. */
final class H2DamagedRowsTest extends DamagedRows {
  @TempDir static Path folder;

  @Override
  SqlStoreUnderTest store() {
    return new H2StoreUnderTest(folder);
  }
}
