package dev.fencepost.cli.run;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What to run while a lock is held.
 *
 * @param command the program and its arguments
 * @param minHold how long the lock stays closed to others, counted from its grant
 * @param maxHold how long the command may have the lock
 * @param killAfter how long it may take to end when it is asked to
 */
public record RunPlan(
    List<String> command, Duration minHold, Optional<Duration> maxHold, Duration killAfter) {}
