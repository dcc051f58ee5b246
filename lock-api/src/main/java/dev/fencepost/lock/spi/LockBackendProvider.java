package dev.fencepost.lock.spi;

import java.util.List;

/** Makes the backends of one kind of store; found through {@link java.util.ServiceLoader}. */
public interface LockBackendProvider {

  /**
   * The forms of store URI that this provider accepts, as shown to users, for example {@code
   * jdbc:postgresql://host:port/database}. A URI belongs to the provider that lists its beginning
   * in {@link #schemes()}.
   */
  List<String> examples();

  /** The URI beginnings that this provider accepts, for example {@code jdbc:postgresql:}. */
  List<String> schemes();

  /**
   * Creates a backend; it does not connect yet.
   *
   * @throws StoreConfigurationException if the URI or a setting makes no sense, naming it
   */
  LockBackend create(StoreSettings settings);

  /**
   * The statements that {@link LockBackend#open} would apply to an empty store, for operators who
   * apply them by hand; empty if the store has no schema.
   */
  String schema(StoreSettings settings);
}
