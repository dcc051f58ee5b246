package dev.fencepost.server.service;

import dev.fencepost.lock.Lease;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.proto.v1.Limits;
import java.time.Duration;

/**
 * Which leases and waits this server grants. Immutable.
 *
 * @param defaultTtl if none is asked for
 * @param maxTtl longest lease
 * @param maxWait longest wait of one call
 * @param messageBytes largest request
 * @param sessionOperations most operations that a session may have unanswered
 */
public record LeasePolicy(
    Duration defaultTtl,
    Duration maxTtl,
    Duration maxWait,
    int messageBytes,
    int sessionOperations) {

  /** The ttl itself, if this server grants it. */
  Duration requireTtl(Duration ttl) {
    return Lease.requireBetween("ttl", ttl, Lease.MIN_TTL, maxTtl);
  }

  /** The limits on such a store. */
  Limits on(StoreInfo.LeaseTerms store) {
    Duration longest = maxTtl.compareTo(store.maxTtl()) < 0 ? maxTtl : store.maxTtl();
    return Limits.newBuilder()
        .setMinTtl(WireDuration.of(store.minTtl()))
        .setMaxTtl(WireDuration.of(longest))
        .setDefaultTtl(WireDuration.of(defaultTtl))
        .setTtlStep(WireDuration.of(store.ttlStep()))
        .setMaxWait(WireDuration.of(maxWait))
        .setMaxMessageBytes(messageBytes)
        .build();
  }
}
