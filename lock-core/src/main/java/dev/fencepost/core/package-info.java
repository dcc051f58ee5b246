/**
 * The coordinator of one replica: queues of waiters, hand-over, turns between replicas, limits and
 * watches, independent of the store.
 *
 * <p>It is a state machine driven by events: a call arrived, the store answered, a timer fired, a
 * caller left. It owns no threads; clock and randomness are injected.
 */
@NullMarked
package dev.fencepost.core;

import org.jspecify.annotations.NullMarked;
