package dev.fencepost.shedlock;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class H2LockProviderTest extends LockProviderContract {
  @TempDir private Path folder;

  @Override
  String store() {
    return "h2:" + folder;
  }
}
