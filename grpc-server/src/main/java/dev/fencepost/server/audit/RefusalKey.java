package dev.fencepost.server.audit;

/**
 * The values that equal refusals share.
 *
 * @param kind refused or over a limit
 * @param principal caller; empty if it is unknown
 * @param host address of the caller without its port
 * @param operation operation that was refused
 * @param reason stable word
 */
public record RefusalKey(
    AuditKind kind, String principal, String host, String operation, String reason) {

  /** Creates an entry with the fields of the key. */
  public AuditEntry entry() {
    return AuditEntry.of(kind)
        .with("principal", principal)
        .with("peer", host)
        .with("operation", operation)
        .with("reason", reason);
  }
}
