package dev.fencepost.server.service.wire;

import dev.fencepost.lock.Lease;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.proto.v1.Limits;
import java.time.Duration;

/**
 * Rules of this server for leases and waits. Immutable.
 *
 * @param defaultTtl lease of a claim that requests none
 * @param maxTtl longest lease
 * @param maxWait longest wait of one call
 * @param messageBytes largest request
 * @param sessionOperations largest number of unanswered operations of a session
 */
public record LeasePolicy(
    Duration defaultTtl,
    Duration maxTtl,
    Duration maxWait,
    int messageBytes,
    int sessionOperations) {

  /** Returns the ttl if this server grants it. */
  Duration requireTtl(Duration ttl) {
    return Lease.requireBetween("ttl", ttl, Lease.MIN_TTL, maxTtl);
  }

  /** Returns the limits that clients see on such a store. */
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
