/**
 * The way to Redis: the store's URI and settings, the names of all keys and channels, the
 * connections, the check of the server at the start, and the errors. Knows nothing of scripts and
 * locks.
 */
@NullMarked
package dev.fencepost.backend.redis.connection;

import org.jspecify.annotations.NullMarked;
