package dev.fencepost.lock.spi;

import dev.fencepost.lock.Replica;
import java.time.Duration;
import java.util.List;

/**
 * The identity and abilities of a store. *
 *
 * @param kind {@code h2}, {@code postgresql}, {@code mariadb}, {@code mysql}, {@code redis}, {@code
 *     zookeeper} or {@code etcd}
 * @param id written into the store at first use; differs between two stores
 * @param leases the leases that it can keep
 * @param replicas the living replicas
 */
public record StoreInfo(String kind, String id, LeaseTerms leases, List<Replica> replicas) {
  /** Copies the list. */
  public StoreInfo {
    replicas = List.copyOf(replicas);
  }

  /**
   * The leases that a store can keep.
   *
   * @param minTtl shortest, 2 s or more
   * @param maxTtl longest
   * @param ttlStep ttls are rounded up to a multiple of this
   */
  public record LeaseTerms(Duration minTtl, Duration maxTtl, Duration ttlStep) {}
}
