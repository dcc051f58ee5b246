/**
 * Locks as nodes: the record and its bytes, reads, the transactions that change a lock, the timers
 * that end its states, and fence marks.
 */
@NullMarked
package dev.fencepost.backend.zookeeper.lock;

import org.jspecify.annotations.NullMarked;
