package dev.fencepost.sample;

import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.model.ModelServer;
import java.util.List;

/** A store in memory for servers whose settings are a test's own. Found by ServiceLoader. */
public final class SampleStoreProvider implements LockBackendProvider {
  static final String URI = "sample:";

  @Override
  public List<String> examples() {
    return List.of(URI);
  }

  @Override
  public List<String> schemes() {
    return List.of(URI);
  }

  @Override
  public LockBackend create(StoreSettings settings) {
    return ModelServer.direct().newBackend();
  }

  @Override
  public String schema(StoreSettings settings) {
    return "";
  }
}
