package dev.fencepost.client;

import java.time.Duration;

/**
 * A renewal is overdue. The lock is still held, and will be lost unless a renewal succeeds in time.
 *
 * @param remaining how long the holder may still act, from the moment of this event
 * @param cause the cause as far as known, for people
 */
public record Jeopardy(Duration remaining, String cause) {}
