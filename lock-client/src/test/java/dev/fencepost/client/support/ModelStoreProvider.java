package dev.fencepost.client.support;

import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.model.ModelServer;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** Model stores of this process by name, so that several servers share one. */
public final class ModelStoreProvider implements LockBackendProvider {
  private static final String SCHEME = "model:";
  private static final Map<String, ModelServer> STORES = new ConcurrentHashMap<>();

  /** The URI of an empty store. */
  static String newStore() {
    String uri = SCHEME + UUID.randomUUID();
    STORES.put(uri, ModelServer.direct());
    return uri;
  }

  static ModelServer store(String uri) {
    return STORES.get(uri);
  }

  @Override
  public List<String> examples() {
    return List.of("model:NAME");
  }

  @Override
  public List<String> schemes() {
    return List.of(SCHEME);
  }

  @Override
  public LockBackend create(StoreSettings settings) {
    return STORES.get(settings.uri()).newBackend();
  }

  @Override
  public String schema(StoreSettings settings) {
    return "";
  }
}
