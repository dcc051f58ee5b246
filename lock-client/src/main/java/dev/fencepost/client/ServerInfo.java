package dev.fencepost.client;

import java.time.Duration;

/**
 * A server and the limits that it applies.
 *
 * @param version its release
 * @param replicaId tells it from the other replicas; stable during the life of its process
 * @param store the kind of its store: {@code redis}, {@code zookeeper}, {@code etcd}, {@code
 *     postgresql}, {@code mariadb}, {@code mysql} or {@code h2}
 * @param storeId tells its store from others; written into it at its first use
 * @param minTtl shortest lease
 * @param maxTtl longest lease
 * @param defaultTtl lease of a claim that asks for none
 * @param ttlStep leases are rounded up to a multiple of this
 * @param maxWait longest wait of one call; the SDK repeats it until the caller's own wait is over
 */
public record ServerInfo(
    String version,
    String replicaId,
    String store,
    String storeId,
    Duration minTtl,
    Duration maxTtl,
    Duration defaultTtl,
    Duration ttlStep,
    Duration maxWait) {}
