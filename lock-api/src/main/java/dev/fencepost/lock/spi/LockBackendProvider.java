package dev.fencepost.lock.spi;

import java.util.List;

/** Makes the backends of one kind of store; found through {@link java.util.ServiceLoader}. */
public interface LockBackendProvider {

  /**
   * The forms of store URI that it answers to, as shown to people, for example {@code
   * jdbc:postgresql://host:port/database}. A URI belongs to the provider one of whose {@link
   * #schemes()} it begins with.
   */
  List<String> examples();

  /** The beginnings of the store URIs that it answers to, for example {@code jdbc:postgresql:}. */
  List<String> schemes();

  /**
   * Makes a backend; connects to nothing yet.
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
