/**
 * Locks kept in Redis: a record for each lock that is held or closed, whose expiry is Redis' own,
 * and for each of 256 buckets of names the last tokens given. Every change is one Lua script, which
 * follows the rules of {@link dev.fencepost.lock.spi.record.LockRecord} in one atomic step; the
 * scripts are resource files beside these classes.
 *
 * <p>The only public type is {@link dev.fencepost.backend.redis.RedisBackendProvider}.
 */
@NullMarked
package dev.fencepost.backend.redis;

import org.jspecify.annotations.NullMarked;
