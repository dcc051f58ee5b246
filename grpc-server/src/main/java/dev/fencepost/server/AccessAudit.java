package dev.fencepost.server;

import dev.fencepost.server.audit.AuditEntry;
import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.security.AccessRules;
import java.util.Set;

/** Audits exchanges of rules and credentials. */
final class AccessAudit {
  /** Most credentials of one kind that are named; the rest is counted. */
  private static final int MAX_NAMED = 100;

  private final AuditTrail audit;

  AccessAudit(AuditTrail audit) {
    this.audit = audit;
  }

  /** Records that other rules are in force, and each credential that they newly revoke. */
  void recordRules(AccessRules former, AccessRules next) {
    audit.record(
        AuditEntry.of(AuditKind.RULES_LOADED)
            .with("rules_digest", next.digest())
            .with("former_digest", former.digest()));
    recordRevoked("principal", former.revoked().principals(), next.revoked().principals());
    recordRevoked("certificate", former.revoked().certificates(), next.revoked().certificates());
    recordRevoked("jwt_id", former.revoked().tokenIds(), next.revoked().tokenIds());
  }

  private void recordRevoked(String field, Set<String> former, Set<String> next) {
    long count = next.stream().filter(each -> !former.contains(each)).count();
    next.stream()
        .filter(each -> !former.contains(each))
        .limit(MAX_NAMED)
        .forEach(each -> audit.record(AuditEntry.of(AuditKind.REVOKED).with(field, each)));
    if (count > MAX_NAMED) {
      audit.record(
          AuditEntry.of(AuditKind.REVOKED)
              .with("reason", "more of the kind " + field)
              .with("count", count - MAX_NAMED));
    }
  }

  /** Records that a rules file has errors. */
  void recordRefusedRules(AccessRules inForce) {
    audit.record(
        AuditEntry.of(AuditKind.RULES_REFUSED)
            .with("reason", "the file has errors; see the log")
            .with("rules_digest", inForce.digest()));
  }

  /** Records that other tokens or keys are in force. */
  void recordCredentials(String source, int count) {
    audit.record(
        AuditEntry.of(AuditKind.CREDENTIALS_LOADED).with("source", source).with("count", count));
  }

  /** Records that connections were closed because their certificates are revoked. */
  void recordClosed(int connections) {
    if (connections > 0) {
      audit.record(
          AuditEntry.of(AuditKind.CONNECTION_CLOSED)
              .with("reason", "revoked")
              .with("count", connections));
    }
  }
}
