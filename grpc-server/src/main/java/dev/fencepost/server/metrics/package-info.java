/**
 * What the server counts and times. Every name begins with {@code fencepost_}; no label holds the
 * name of a lock, an owner or anything else that callers choose.
 */
@NullMarked
package dev.fencepost.server.metrics;

import org.jspecify.annotations.NullMarked;
