/**
 * The coordinator in simulation: virtual time, one store that delays, reorders, fails and loses,
 * random callers, and a judge who knows the rules. A seed decides everything, so that any failure
 * is replayed.
 */
@NullMarked
package dev.fencepost.core.simulation;

import org.jspecify.annotations.NullMarked;
