/**
 * Histories of clients' calls, recorded while faults happen, and two checkers of them: {@link
 * dev.fencepost.testkit.history.HistoryChecker} for histories of any length, {@link
 * dev.fencepost.testkit.history.SequentialChecker} for short ones, which searches for an order in
 * which a single lock could have given these answers.
 *
 * <p>Times are those of {@link java.lang.System#nanoTime()}, which is common to all processes of
 * one machine.
 */
@NullMarked
package dev.fencepost.testkit.history;

import org.jspecify.annotations.NullMarked;
