/**
 * Counts what clients use of a server, in calls, names, locks and bytes, and refuses what exceeds
 * their limits.
 */
@NullMarked
package dev.fencepost.server.service.limit;

import org.jspecify.annotations.NullMarked;
