package dev.fencepost.server.audit;

import java.util.Locale;

/** Kinds of events in the audit. */
public enum AuditKind {
  /** A caller was authenticated: the first call of a credential from a host. */
  AUTHENTICATED(false),
  /** A claim was granted. */
  GRANT(false),
  /** A renewal was answered that the grant is lost. */
  RENEWAL_REFUSED(false),
  /** A claim was released or withdrawn. */
  RELEASE(false),
  /** A grant that this server remembers was lost: by force, or to a later one. */
  LOSS(false),
  /** A caller was refused, because of its credential or its rights. */
  REFUSED(false),
  /** A caller was refused, because it or all callers are over a limit. */
  OVER_LIMIT(false),
  /** A lock was released by force. */
  FORCE_RELEASE(true),
  /** The mark of a resource was reset. */
  MARK_RESET(true),
  /** Other rules are in force. */
  RULES_LOADED(true),
  /** A rules file has errors; the rules before it stay. */
  RULES_REFUSED(true),
  /** Other tokens or keys are in force. */
  CREDENTIALS_LOADED(true),
  /** A credential was revoked. */
  REVOKED(true),
  /** Connections were closed, because their certificates are revoked. */
  CONNECTION_CLOSED(true),
  /** The server started. */
  START(true),
  /** The server stopped. */
  STOP(true),
  /** Events were dropped: there was no room, or they could not be written. */
  DROPPED(true);

  private final boolean reserved;

  AuditKind(boolean reserved) {
    this.reserved = reserved;
  }

  /** Returns true if room is kept for such events, however many others there are. */
  boolean isReserved() {
    return reserved;
  }

  /** Returns the kind as the audit writes it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
