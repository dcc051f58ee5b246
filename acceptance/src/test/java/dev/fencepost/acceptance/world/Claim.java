package dev.fencepost.acceptance.world;

import java.time.Duration;
import java.util.UUID;

/**
 * One attempt to own a lock.
 *
 * @param lock the lock's name
 * @param id the claim id, kept through all retries
 * @param ttl the lease asked for
 */
public record Claim(String lock, String id, Duration ttl) {

  /** A new attempt. */
  public static Claim on(String lock, Duration ttl) {
    return new Claim(lock, UUID.randomUUID().toString().replace("-", ""), ttl);
  }
}
