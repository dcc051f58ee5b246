package dev.fencepost.junit;

import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.testkit.model.ModelServer;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The stores in memory of this process, by name. A server finds its store through {@link
 * java.util.ServiceLoader}, so they are kept here. Thread-safe.
 */
public final class MemoryStoreProvider implements LockBackendProvider {
  private static final String SCHEME = "memory:";
  private static final Map<String, ModelServer> STORES = new ConcurrentHashMap<>();

  /** Keeps an empty store and returns its URI. */
  static String add(ModelServer store) {
    String uri = SCHEME + UUID.randomUUID();
    STORES.put(uri, store);
    return uri;
  }

  static void remove(String uri) {
    STORES.remove(uri);
  }

  @Override
  public List<String> examples() {
    return List.of(SCHEME + "NAME");
  }

  @Override
  public List<String> schemes() {
    return List.of(SCHEME);
  }

  @Override
  public LockBackend create(StoreSettings settings) {
    ModelServer store = STORES.get(settings.uri());
    if (store == null) {
      throw new StoreConfigurationException(
          "store: " + settings.uri() + " is not a store of this process");
    }
    return store.newBackend();
  }

  @Override
  public String schema(StoreSettings settings) {
    return "";
  }
}
