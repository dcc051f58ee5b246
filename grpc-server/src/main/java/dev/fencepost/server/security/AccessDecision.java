package dev.fencepost.server.security;

import java.util.Optional;

/**
 * An answer from the rules with the line that decides.
 *
 * @param allowed true if the operation is allowed
 * @param line number of the deciding line; empty if no line matches
 */
public record AccessDecision(boolean allowed, Optional<Integer> line) {}
