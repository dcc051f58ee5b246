/**
 * The calls outside of sessions: locks, fencing tokens and the acts of operators. A call that opens
 * a watch is passed on to {@code watch}.
 */
@NullMarked
package dev.fencepost.server.service.unary;

import org.jspecify.annotations.NullMarked;
