package dev.fencepost.acceptance.support;

import java.time.Duration;
import java.util.UUID;

/**
 * One attempt to own a lock.
 *
 * @param lock the lock's name
 * @param id the claim id, kept through all retries
 * @param ttl the lease asked for
 */
public record ClaimAttempt(String lock, String id, Duration ttl) {

  /** A new attempt. */
  public static ClaimAttempt on(String lock, Duration ttl) {
    return new ClaimAttempt(lock, UUID.randomUUID().toString().replace("-", ""), ttl);
  }
}
