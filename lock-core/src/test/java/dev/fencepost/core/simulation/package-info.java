/**
 * Simulation of the coordinator: virtual time, one store that delays, reorders, fails and loses
 * messages, random callers, and a checker of the contract's rules. A seed decides everything, so
 * that any failure can be replayed.
 */
@NullMarked
package dev.fencepost.core.simulation;

import org.jspecify.annotations.NullMarked;
