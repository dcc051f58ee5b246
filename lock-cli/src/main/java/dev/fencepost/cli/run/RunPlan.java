package dev.fencepost.cli.run;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The command to run while a lock is held, and its limits.
 *
 * @param command the program and its arguments
 * @param minHold the lock stays closed to others for this long, counted from its grant
 * @param maxHold the command may hold the lock for this long
 * @param killAfter the time from TERM to KILL
 */
public record RunPlan(
    List<String> command, Duration minHold, Optional<Duration> maxHold, Duration killAfter) {}
