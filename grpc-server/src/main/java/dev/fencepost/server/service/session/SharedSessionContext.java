package dev.fencepost.server.service.session;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.server.service.call.CallResponder;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.grant.GrantAccess;
import dev.fencepost.server.service.grant.GrantAudit;
import dev.fencepost.server.service.grant.HeldGrants;
import dev.fencepost.server.service.grant.ReleaseHandler;
import dev.fencepost.server.service.grant.RenewHandler;
import dev.fencepost.server.service.wire.RequestReader;
import dev.fencepost.server.service.wire.ServerDescription;

/**
 * Values that all sessions of a server share.
 *
 * @param coordinator queues of the locks
 * @param service values that all services share
 * @param responder ends calls with a status
 * @param grants registry of held grants
 * @param requests reads requests
 * @param renewals renews grants
 * @param releases releases claims
 * @param allowedGrants checks who may acquire
 * @param audit audits grants
 */
record SharedSessionContext(
    LockCoordinator coordinator,
    ServiceContext service,
    CallResponder responder,
    HeldGrants grants,
    RequestReader requests,
    RenewHandler renewals,
    ReleaseHandler releases,
    GrantAccess allowedGrants,
    GrantAudit audit) {

  static SharedSessionContext of(
      LockCoordinator coordinator,
      ServiceContext service,
      CallResponder responder,
      HeldGrants grants) {
    return new SharedSessionContext(
        coordinator,
        service,
        responder,
        grants,
        new RequestReader(service.policy()),
        new RenewHandler(coordinator, service, responder.statuses(), grants),
        new ReleaseHandler(coordinator, service, grants),
        new GrantAccess(service.policy().maxTtl()),
        new GrantAudit(service.audit()));
  }

  ServerDescription description() {
    return new ServerDescription(service.self(), service.version(), service.policy());
  }

  long now() {
    return service.timers().nanoTime();
  }
}
