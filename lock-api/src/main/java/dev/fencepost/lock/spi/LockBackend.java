package dev.fencepost.lock.spi;

import dev.fencepost.lock.LockName;
import dev.fencepost.lock.Replica;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * A store that a replica opens, uses and closes. Before {@link #open} has completed and after
 * {@link #close} every stage fails with {@link StoreException}. See {@link LockStore} for the
 * calls.
 */
public interface LockBackend extends LockStore {

  /**
   * Connects, refuses a store that cannot keep the contract, and registers the replica. It may be
   * repeated after it failed.
   *
   * @param self this replica
   * @param wake called on any thread and at any time with a lock whose turn has come here or that
   *     should be tried again; never blocks. A store without notifications never calls it.
   * @throws StoreConfigurationException (in the stage) if the store is refused, with the remedy
   */
  CompletionStage<StoreInfo> open(Replica self, Consumer<LockName> wake);
}
