/**
 * The coordinator: where the waiters of one replica meet. Queues, hand-over, the turns of several
 * replicas, limits and watches, in front of any store.
 *
 * <p>It is a state machine driven by events: a call arrived, the store answered, a timer ran out, a
 * caller left. It owns no threads, and takes time and randomness from outside.
 */
@NullMarked
package dev.fencepost.core;

import org.jspecify.annotations.NullMarked;
