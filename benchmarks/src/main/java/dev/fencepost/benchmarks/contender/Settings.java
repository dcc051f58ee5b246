package dev.fencepost.benchmarks.contender;

import java.time.Duration;
import java.util.List;

/**
 * What a contender connects to.
 *
 * @param store the kind of store
 * @param address where its clients connect: a JDBC URI, or {@code host:port,…}
 * @param servers where Fencepost's replicas, or the echo, listen: {@code host:port}
 * @param leaseMillis how long a lock outlives its holder, where that can be chosen
 */
public record Settings(String store, String address, List<String> servers, long leaseMillis) {

  /** The lease. */
  public Duration lease() {
    return Duration.ofMillis(leaseMillis);
  }
}
