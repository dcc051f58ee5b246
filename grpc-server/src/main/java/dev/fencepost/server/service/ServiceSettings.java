package dev.fencepost.server.service;

import dev.fencepost.core.TimerService;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.server.metrics.LockMetrics;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * What the services need besides a coordinator.
 *
 * @param self this replica
 * @param version release of the server
 * @param policy which leases it grants
 * @param limits what clients may have of it
 * @param metrics where acquires, renewals and releases are counted
 * @param timers time
 * @param transport the thread on which a call is handled, to be asked for there; writes on it are
 *     gathered
 */
public record ServiceSettings(
    ReplicaId self,
    String version,
    LeasePolicy policy,
    ServerLimits limits,
    LockMetrics metrics,
    TimerService timers,
    Supplier<Executor> transport) {}
