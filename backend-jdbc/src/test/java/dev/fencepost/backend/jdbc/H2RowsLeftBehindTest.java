package dev.fencepost.backend.jdbc;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Rows of H2 that are left behind. */
final class H2RowsLeftBehindTest extends RowsLeftBehind {
  @TempDir static Path folder;

  @Override
  SqlStoreUnderTest store() {
    return new H2StoreUnderTest(folder);
  }
}
