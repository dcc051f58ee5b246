package dev.fencepost.benchmarks.store;

import java.util.function.IntFunction;
import java.util.function.LongSupplier;

/**
 * A running store, empty at first.
 *
 * @param port the port on the loopback address; 0 if the store is embedded in its user
 * @param processTag a part of its process's command line that no other process has
 * @param addresses the address for peers, by the port that they connect to
 * @param uris the store URI for Fencepost, by the port that it connects to
 * @param description version, durability and other settings that matter
 * @param entryCount counts keys, rows, nodes and leases; 0 for an embedded store
 * @param stop stops the store and deletes its data
 */
public record MeasuredStore(
    int port,
    String processTag,
    IntFunction<String> addresses,
    IntFunction<String> uris,
    String description,
    LongSupplier entryCount,
    Runnable stop)
    implements AutoCloseable {

  /** Returns a placeholder for runs without a store. */
  public static MeasuredStore none() {
    return new MeasuredStore(
        0, "/no/such/process", port -> "", port -> "", "no store", () -> 0, () -> {});
  }

  /** The address for peers, reached through the port. */
  public String address(int throughPort) {
    return addresses.apply(throughPort);
  }

  /** The store URI for Fencepost, reached through the port. */
  public String uri(int throughPort) {
    return uris.apply(throughPort);
  }

  @Override
  public void close() {
    stop.run();
  }
}
