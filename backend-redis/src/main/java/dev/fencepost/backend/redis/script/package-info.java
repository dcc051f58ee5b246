/**
 * Runs the Lua scripts, which are resource files beside these classes. Scripts that give tokens are
 * bound to one run of a Redis process, so that lost state is noticed before a token is given;
 * {@link dev.fencepost.backend.redis.script.BucketStates} keeps the run of each bucket. Knows
 * nothing of locks and their records.
 */
@NullMarked
package dev.fencepost.backend.redis.script;

import org.jspecify.annotations.NullMarked;
