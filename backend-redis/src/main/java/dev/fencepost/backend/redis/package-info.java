/**
 * Locks kept in Redis. Each lock that is held or closed has a record, which Redis itself expires.
 * Each of 256 buckets of names has a list of the tokens given last. Every change is one Lua script,
 * which follows the rules of {@link dev.fencepost.lock.spi.record.LockRecord} in one atomic step.
 *
 * <p>Other modules use {@link dev.fencepost.backend.redis.RedisBackendProvider} only. Dependencies
 * go down: this package, then {@code lock}, then {@code script}, then {@code connection}.
 */
@NullMarked
package dev.fencepost.backend.redis;

import org.jspecify.annotations.NullMarked;
