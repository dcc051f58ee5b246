package dev.fencepost.client;

import java.time.Duration;

/**
 * A renewal is overdue: the lock is still held, and will be lost unless one succeeds in time.
 *
 * @param remaining how long the holder may still act, as of when this was told
 * @param cause what is known of why, for people
 */
public record Jeopardy(Duration remaining, String cause) {}
