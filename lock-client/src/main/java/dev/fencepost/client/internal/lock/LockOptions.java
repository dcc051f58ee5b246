package dev.fencepost.client.internal.lock;

import dev.fencepost.client.internal.transport.ProtoConverter;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.LockName;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.proto.v1.AcquireRequest;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * The checked options of a lock.
 *
 * @param name the lock
 * @param ttl the lease; empty takes the server's default
 * @param lockDelay how long the lock stays closed if the lease runs out
 * @param minHold how long others are kept out at least, counted from the grant
 * @param maxHold when renewing stops, counted from the grant
 * @param owner the claimant's name; empty takes the client's
 * @param metadata for people who inspect the lock; empty takes the client's
 */
record LockOptions(
    LockName name,
    Optional<Duration> ttl,
    Duration lockDelay,
    Duration minHold,
    Optional<Duration> maxHold,
    String owner,
    Map<String, String> metadata) {

  private static final Duration LONGEST_HOLD = Duration.ofDays(365);

  LockOptions {
    ttl.ifPresent(given -> Lease.requireBetween("ttl", given, Lease.MIN_TTL, Lease.MAX_TTL));
    Lease.requireBetween("lock_delay", lockDelay, Duration.ZERO, Lease.MAX_LOCK_DELAY);
    Lease.requireBetween("min_hold", minHold, Duration.ZERO, ReleaseCommand.MAX_CLOSE_FOR);
    maxHold.ifPresent(
        given -> Lease.requireBetween("max_hold", given, Duration.ofMillis(1), LONGEST_HOLD));
    metadata = new Claimant(owner, "", LockMode.EXCLUSIVE, metadata).metadata();
  }

  static LockOptions of(LockName name, Optional<Duration> ttl) {
    return new LockOptions(name, ttl, Duration.ZERO, Duration.ZERO, Optional.empty(), "", Map.of());
  }

  LockOptions withTtl(Duration value) {
    return new LockOptions(name, Optional.of(value), lockDelay, minHold, maxHold, owner, metadata);
  }

  LockOptions withLockDelay(Duration value) {
    return new LockOptions(name, ttl, value, minHold, maxHold, owner, metadata);
  }

  LockOptions withMinHold(Duration value) {
    return new LockOptions(name, ttl, lockDelay, value, maxHold, owner, metadata);
  }

  LockOptions withMaxHold(Duration value) {
    return new LockOptions(name, ttl, lockDelay, minHold, Optional.of(value), owner, metadata);
  }

  LockOptions withOwner(String value) {
    return new LockOptions(name, ttl, lockDelay, minHold, maxHold, value, metadata);
  }

  LockOptions withMetadata(Map<String, String> value) {
    return new LockOptions(name, ttl, lockDelay, minHold, maxHold, owner, value);
  }

  /** Returns the request without claim and wait. */
  AcquireRequest toProto() {
    AcquireRequest.Builder request =
        AcquireRequest.newBuilder().setName(name.value()).setOwner(owner).putAllMetadata(metadata);
    ttl.ifPresent(given -> request.setTtl(ProtoConverter.toProto(given)));
    if (!lockDelay.isZero()) {
      request.setLockDelay(ProtoConverter.toProto(lockDelay));
    }
    return request.build();
  }
}
