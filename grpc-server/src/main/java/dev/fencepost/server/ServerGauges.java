package dev.fencepost.server;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.identity.JwtKeyReader;
import dev.fencepost.server.service.GrpcServices;
import dev.fencepost.server.service.limit.ClientQuota;
import dev.fencepost.server.service.limit.ServerLimits;
import dev.fencepost.server.transport.ConnectionRegistry;
import dev.fencepost.server.transport.ServerTls;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.BooleanSupplier;

/** Gauges of the current state of the server. */
final class ServerGauges {
  private ServerGauges() {}

  /** Registers the gauges. */
  static void register(
      MeterRegistry registry,
      LockCoordinator coordinator,
      ServerLimits limits,
      BooleanSupplier ready) {
    Gauge.builder("fencepost.waiters", coordinator, LockCoordinator::waiterCount)
        .description("Calls that wait for a lock here")
        .register(registry);
    Gauge.builder("fencepost.contended.locks", coordinator, LockCoordinator::contendedLockCount)
        .description("Locks that callers wait for here")
        .register(registry);
    Gauge.builder("fencepost.calls.open", limits.calls(), ClientQuota::used)
        .description("Open calls, without sessions, renewals and releases")
        .register(registry);
    Gauge.builder("fencepost.renewals.open", limits.renewals(), ClientQuota::used)
        .description("Open renewals and releases")
        .register(registry);
    Gauge.builder("fencepost.held.locks", limits.locks(), ClientQuota::used)
        .description("Grants that were made or renewed here and have not ended")
        .register(registry);
    Gauge.builder("fencepost.waiting.bytes", limits.waitingBytes(), ClientQuota::used)
        .description("Memory charged to calls that wait, watch or query")
        .register(registry);
    Gauge.builder("fencepost.holding.bytes", limits.holdingBytes(), ClientQuota::used)
        .description("Memory charged to sessions, renewals, releases and held locks")
        .register(registry);
    Gauge.builder("fencepost.arriving.bytes", limits.arrivingBytes(), ClientQuota::used)
        .description("Memory charged to requests of which a part is missing")
        .register(registry);
    Gauge.builder("fencepost.ready", () -> ready.getAsBoolean() ? 1 : 0)
        .description("1 if the server is ready for calls")
        .register(registry);
  }

  /** Registers the gauges of the services. */
  static void register(MeterRegistry registry, GrpcServices services) {
    Gauge.builder("fencepost.sessions", services, GrpcServices::openSessions)
        .description("Open sessions of clients")
        .register(registry);
  }

  /** Registers the meters of the connections. */
  static void register(MeterRegistry registry, ConnectionRegistry connections) {
    Gauge.builder("fencepost.connections", connections, ConnectionRegistry::size)
        .description("Open connections of gRPC")
        .register(registry);
    FunctionCounter.builder(
            "fencepost.connections.accepted", connections, ConnectionRegistry::acceptedCount)
        .description("Connections of gRPC whose handshake was completed")
        .register(registry);
    FunctionCounter.builder(
            "fencepost.connections.refused", connections, ConnectionRegistry::refusedCount)
        .description("Connections of gRPC that were closed because of limits.connections")
        .register(registry);
  }

  /** Registers the counters of the audit. */
  static void register(MeterRegistry registry, AuditTrail audit) {
    for (AuditKind kind : AuditKind.values()) {
      FunctionCounter.builder("fencepost.audit.dropped", audit, trail -> trail.droppedCount(kind))
          .tag("event", kind.word())
          .description("Events of the audit that found no room or could not be written")
          .register(registry);
    }
  }

  /** Registers the gauge of the keys of JWTs. */
  static void register(MeterRegistry registry, JwtKeyReader keys) {
    Gauge.builder("fencepost.jwks.age.seconds", keys, JwtKeyReader::ageSeconds)
        .description("Time since the keys of JWTs were last read")
        .register(registry);
  }

  /** Registers the gauge of the server's certificate. */
  static void register(MeterRegistry registry, ServerTls tls) {
    Gauge.builder("fencepost.certificate.expiry.seconds", () -> tls.expiry().getEpochSecond())
        .description("End of the server's certificate, in seconds since 1970")
        .register(registry);
  }
}
