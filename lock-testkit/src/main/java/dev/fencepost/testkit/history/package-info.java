/**
 * What clients saw of their locks, written down while faults happen, and two judges of it: {@link
 * dev.fencepost.testkit.history.HistoryChecker} for histories of any length, {@link
 * dev.fencepost.testkit.history.SequentialChecker} for short ones, which searches for an order in
 * which a single lock could have answered so.
 *
 * <p>Times are those of {@link java.lang.System#nanoTime()}, which on one machine is common to all
 * processes.
 */
@NullMarked
package dev.fencepost.testkit.history;

import org.jspecify.annotations.NullMarked;
