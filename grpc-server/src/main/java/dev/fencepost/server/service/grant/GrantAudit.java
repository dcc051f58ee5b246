package dev.fencepost.server.service.grant;

import dev.fencepost.lock.Grant;
import dev.fencepost.lock.GrantLoss;
import dev.fencepost.lock.GrantRef;
import dev.fencepost.lock.Release;
import dev.fencepost.lock.ReleaseCommand;
import dev.fencepost.lock.Renewal;
import dev.fencepost.server.audit.AuditEntry;
import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.service.access.CallAccess;
import java.util.Locale;

/** Audits grants and their ends, if that is switched on. Claim ids are left out. Thread-safe. */
public final class GrantAudit {
  private final AuditTrail audit;

  /** Creates an audit of grants. */
  public GrantAudit(AuditTrail audit) {
    this.audit = audit;
  }

  /** Records a grant to a client. */
  public void recordGrant(CallAccess access, String client, Grant grant) {
    if (audit.recordsGrants()) {
      audit.record(
          access
              .audited(AuditKind.GRANT)
              .with("peer", client)
              .with("lock", grant.ref().lock().value())
              .with("token", grant.token().toString())
              .with("outcome", word(grant.origin())));
    }
  }

  /** Records a renewal, if the grant is lost. */
  void recordRenewal(CallAccess access, String client, GrantRef grant, Renewal renewal) {
    if (audit.recordsGrants() && renewal instanceof Renewal.Lost lost) {
      audit.record(
          access
              .audited(AuditKind.RENEWAL_REFUSED)
              .with("peer", client)
              .with("lock", grant.lock().value())
              .with("token", grant.token().toString())
              .with("reason", word(lost.loss().reason())));
    }
  }

  /** Records a release. */
  void recordRelease(CallAccess access, String client, ReleaseCommand command, Release release) {
    if (audit.recordsGrants()) {
      audit.record(
          access
              .audited(AuditKind.RELEASE)
              .with("peer", client)
              .with("lock", command.lock().value())
              .with("token", command.token())
              .with("outcome", outcome(release)));
    }
  }

  private static String outcome(Release release) {
    return release.fold(
        released -> "released",
        withdrawn -> "withdrawn",
        notHeld -> "not_held",
        foreign -> "other_principal");
  }

  /** Records the loss of a grant that this server remembers. */
  void recordLoss(GrantRef grant, GrantLoss loss) {
    if (audit.recordsGrants()) {
      audit.record(
          AuditEntry.of(AuditKind.LOSS)
              .with("principal", grant.principal())
              .with("lock", grant.lock().value())
              .with("token", grant.token().toString())
              .with("reason", word(loss.reason())));
    }
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
