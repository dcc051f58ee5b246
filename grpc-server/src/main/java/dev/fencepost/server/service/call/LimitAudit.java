package dev.fencepost.server.service.call;

import dev.fencepost.core.OverLimitException;
import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.audit.RefusalKey;
import dev.fencepost.server.service.access.CallAccess;

/** Audits calls and operations that are refused because of a limit. Thread-safe. */
public final class LimitAudit {
  private final AuditTrail audit;

  /** Creates an audit of limits. */
  public LimitAudit(AuditTrail audit) {
    this.audit = audit;
  }

  /** Records a failure if it is that of a limit. Called on the thread that handles the call. */
  public void record(Throwable failure) {
    if (failure instanceof OverLimitException e) {
      RefusalKey key =
          new RefusalKey(
              AuditKind.OVER_LIMIT,
              CallAccess.current().principal(),
              CallerIdentity.current().client(),
              "",
              String.valueOf(e.getMessage()));
      audit.recordRefusal(key, key::entry);
    }
  }
}
