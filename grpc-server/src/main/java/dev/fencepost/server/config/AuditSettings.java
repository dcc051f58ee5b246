package dev.fencepost.server.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings of the audit.
 *
 * @param file file of JSON lines; empty: the logger {@code dev.fencepost.audit}
 * @param maxBytes limit of one file
 * @param keep full files that are kept
 * @param grants whether grants, renewals, releases and losses are audited
 */
public record AuditSettings(Optional<Path> file, int maxBytes, int keep, Grants grants) {
  /** The treatment of grants. There may be tens of thousands of them a second. */
  public enum Grants {
    /** They are left out. */
    OFF,
    /** They are written if there is a file. */
    FILE,
    /** They are written, to the logger too. */
    ALWAYS
  }

  /** Returns true if grants are audited. */
  public boolean includesGrants() {
    return grants == Grants.ALWAYS || (grants == Grants.FILE && file.isPresent());
  }
}
