/**
 * Reads and changes locks and fence marks: each method sends one script and parses its reply.
 * {@link dev.fencepost.backend.redis.lock.RedisRecordCodec} knows the form of a lock's record.
 */
@NullMarked
package dev.fencepost.backend.redis.lock;

import org.jspecify.annotations.NullMarked;
