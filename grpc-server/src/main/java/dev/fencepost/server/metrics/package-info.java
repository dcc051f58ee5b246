/**
 * Metrics of the server. Every name begins with {@code fencepost_}. No label contains the name of a
 * lock, an owner or anything else that callers choose.
 */
@NullMarked
package dev.fencepost.server.metrics;

import org.jspecify.annotations.NullMarked;
