package dev.fencepost.spring.integration;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class H2LockRegistryTest extends LockRegistryContract {
  @TempDir private Path folder;

  @Override
  String store() {
    return "h2:" + folder;
  }
}
