package dev.fencepost.client.internal.transport;

import io.grpc.ManagedChannel;
import java.util.Optional;

/** Opens the channels of a client. Thread-safe. */
@FunctionalInterface
public interface ReplicaConnector {
  /** Opens a channel to an address; does not block. */
  ManagedChannel connect(ReplicaAddress address);

  /**
   * Finds out why a server closed a channel before its first answer, with a connection of its own.
   * Blocks for some seconds at most. Returns empty if there is nothing to tell.
   */
  default Optional<String> diagnose(ReplicaAddress address) {
    return Optional.empty();
  }

  /** Has the action run whenever channels that are open should be replaced by new ones. */
  default void onRenewal(Runnable action) {}

  /** Stops all background work. */
  default void close() {}
}
