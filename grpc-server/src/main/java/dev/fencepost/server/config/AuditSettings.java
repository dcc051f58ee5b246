package dev.fencepost.server.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings of the audit.
 *
 * @param file file of JSON lines; empty: the logger {@code dev.fencepost.audit}
 * @param maxBytes limit of one file
 * @param keep full files that are kept
 */
public record AuditSettings(Optional<Path> file, int maxBytes, int keep) {}
