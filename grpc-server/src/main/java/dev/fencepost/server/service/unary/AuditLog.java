package dev.fencepost.server.service.unary;

import dev.fencepost.lock.DurationFormat;
import dev.fencepost.lock.FencingToken;
import dev.fencepost.lock.ForceReleaseCommand;
import dev.fencepost.lock.ResourceName;
import dev.fencepost.lock.Revocation;
import dev.fencepost.server.audit.AuditEntry;
import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.service.access.CallAccess;
import dev.fencepost.server.service.call.CallerIdentity;
import java.util.Optional;

/** Audits the acts of operators. Thread-safe. */
final class AuditLog {
  private final AuditTrail audit;

  AuditLog(AuditTrail audit) {
    this.audit = audit;
  }

  /** Begins the entry of an act of the caller whose call this thread handles. */
  AuditEntry act(AuditKind kind) {
    return CallAccess.current().audited(kind).with("peer", CallerIdentity.current().address());
  }

  void recordForceRelease(AuditEntry act, ForceReleaseCommand command, Revocation revocation) {
    AuditEntry entry = forceRelease(act, command);
    audit.record(
        revocation.fold(
            revoked ->
                entry
                    .with("outcome", "released")
                    .with("token", revoked.former().token().toString())
                    .with("closing_token", revoked.closing()),
            notHeld -> entry.with("outcome", "not_held"),
            mismatch ->
                entry
                    .with("outcome", "token_mismatch")
                    .with("token", mismatch.current().token().toString())));
  }

  /** Records a forced release whose outcome the store did not report. */
  void recordUnknownForceRelease(AuditEntry act, ForceReleaseCommand command) {
    audit.record(forceRelease(act, command).with("outcome", "unknown"));
  }

  void recordMarkReset(
      AuditEntry act, ResourceName resource, String reason, Optional<FencingToken> former) {
    audit.record(
        act.with("resource", resource.value())
            .with("reason", reason)
            .with("outcome", "reset")
            .with("former_mark", former));
  }

  /** Records a reset of a high-water mark whose outcome the store did not report. */
  void recordUnknownMarkReset(AuditEntry act, ResourceName resource, String reason) {
    audit.record(
        act.with("resource", resource.value()).with("reason", reason).with("outcome", "unknown"));
  }

  private static AuditEntry forceRelease(AuditEntry act, ForceReleaseCommand command) {
    return act.with("lock", command.lock().value())
        .with("reason", command.reason())
        .with("if_token", command.ifToken())
        .with("close_for", command.closeFor().map(DurationFormat::print).orElse("lease"));
  }
}
