package dev.fencepost.server;

import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.LockBackendProvider;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreSettings;
import dev.fencepost.server.config.SecretMask;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Registry of the kinds of store in this installation. */
final class StoreProviders {
  private final List<LockBackendProvider> providers;

  StoreProviders(List<LockBackendProvider> providers) {
    this.providers = List.copyOf(providers);
  }

  /** Returns the providers on the class path. */
  static StoreProviders installed() {
    return new StoreProviders(
        ServiceLoader.load(LockBackendProvider.class).stream()
            .map(ServiceLoader.Provider::get)
            .toList());
  }

  /**
   * Creates a backend that is not connected yet.
   *
   * @throws StoreConfigurationException if no kind of store knows the URI, or one refuses a setting
   */
  LockBackend create(StoreSettings settings) {
    return providerOf(settings.uri()).create(settings);
  }

  /** Returns the statements that prepare such a store; empty if it needs none. */
  String schema(StoreSettings settings) {
    return providerOf(settings.uri()).schema(settings);
  }

  private LockBackendProvider providerOf(String uri) {
    return providers.stream()
        .filter(provider -> provider.schemes().stream().anyMatch(uri::startsWith))
        .findFirst()
        .orElseThrow(() -> unknown(uri));
  }

  private StoreConfigurationException unknown(String uri) {
    String known =
        providers.stream()
            .flatMap(provider -> provider.examples().stream())
            .collect(Collectors.joining(", "));
    return new StoreConfigurationException(
        "store: \""
            + SecretMask.mask(uri)
            + "\" is no store that this server knows (expected: "
            + (known.isEmpty() ? "none is installed" : known)
            + ")");
  }
}
