/**
 * Locks kept in Redis. Each lock that is held or closed has a record, which Redis itself expires.
 * Each of 256 buckets of names has a list of the tokens given last. Every change is one Lua script,
 * which follows the rules of {@link dev.fencepost.lock.spi.record.LockRecord} in one atomic step.
 *
 * <p>The algorithm in reading order:
 *
 * <ol>
 *   <li>{@code script/lock_record.lua}: the form of a record; {@code bucket_tokens.lua}: the tokens
 *       of a bucket, and how lost state is noticed; {@code grant_lock.lua}: an attempt
 *   <li>{@code RedisStore}: the scripts of a claim, an owner and an administrator, and their
 *       replies; {@code RenewalBatcher}: renewals in batches
 *   <li>{@code RedisRecordCodec}: records as Java reads them
 *   <li>{@link dev.fencepost.backend.redis.script.TokenFloors}: what this replica remembers; {@link
 *       dev.fencepost.backend.redis.script.BucketStates}: which run of Redis serves a bucket;
 *       {@link dev.fencepost.backend.redis.script.ScriptRunner}: how a script is sent
 *   <li>{@code RedisHousekeeping}: the search for lost state; {@code RedisBackend}: the opening
 * </ol>
 *
 * <p>Other modules use {@link dev.fencepost.backend.redis.RedisBackendProvider} only. Dependencies
 * go down: this package, then {@code script}, then {@code connection}.
 */
@NullMarked
package dev.fencepost.backend.redis;

import org.jspecify.annotations.NullMarked;
