/**
 * The client's clock, timers and executors. One scheduler thread runs all timed items of a client
 * in rounds. This package knows nothing of locks or replicas.
 */
@NullMarked
package dev.fencepost.client.internal.time;

import org.jspecify.annotations.NullMarked;
