package dev.fencepost.server.service.call;

import dev.fencepost.core.TimerService;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.metrics.LockMetrics;
import dev.fencepost.server.service.limit.ServerLimits;
import dev.fencepost.server.service.wire.LeasePolicy;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Values that all services share, apart from the coordinator.
 *
 * @param self this replica
 * @param version release of the server
 * @param policy rules for leases and waits
 * @param limits limits of the clients
 * @param metrics counters of acquires, renewals and releases
 * @param timers clock and timers
 * @param audit records what callers and operators do
 * @param transport returns the transport thread that handles a call; call it on that thread. Writes
 *     on that thread are batched
 */
public record ServiceContext(
    ReplicaId self,
    String version,
    LeasePolicy policy,
    ServerLimits limits,
    LockMetrics metrics,
    TimerService timers,
    AuditTrail audit,
    Supplier<Executor> transport) {}
