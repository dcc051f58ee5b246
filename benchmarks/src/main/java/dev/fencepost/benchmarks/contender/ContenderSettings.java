package dev.fencepost.benchmarks.contender;

import java.time.Duration;
import java.util.List;

/**
 * The addresses, the credential and the lease of a contender.
 *
 * @param store the kind of store
 * @param address the store's address for its clients: a JDBC URI, or {@code host:port,…}
 * @param servers the addresses of Fencepost's replicas or of the echo: {@code host:port}
 * @param credentials the folder with {@code ca.pem}, {@code client.pem} and {@code client.key};
 *     empty for plain text
 * @param leaseMillis the time for which a lock outlives its holder, where that can be chosen
 */
public record ContenderSettings(
    String store, String address, List<String> servers, String credentials, long leaseMillis) {

  /** The lease. */
  public Duration lease() {
    return Duration.ofMillis(leaseMillis);
  }
}
