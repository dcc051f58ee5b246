package dev.fencepost.server;

import dev.fencepost.core.Coordinator;
import dev.fencepost.server.service.Admission;
import dev.fencepost.server.service.Services;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.BooleanSupplier;

/** What is going on at this moment. */
final class ServerGauges {
  private ServerGauges() {}

  /** Registers the gauges. */
  static void register(
      MeterRegistry registry, Coordinator coordinator, Admission calls, BooleanSupplier ready) {
    Gauge.builder("fencepost.waiters", coordinator, Coordinator::waiterCount)
        .description("Calls that wait for a lock here")
        .register(registry);
    Gauge.builder("fencepost.contended.locks", coordinator, Coordinator::contendedLockCount)
        .description("Locks that somebody waits for here")
        .register(registry);
    Gauge.builder("fencepost.calls.open", calls, Admission::openCalls)
        .description("Calls that are open, renewals and releases left out")
        .register(registry);
    Gauge.builder("fencepost.renewals.open", calls, Admission::openRenewals)
        .description("Renewals and releases that are open")
        .register(registry);
    Gauge.builder("fencepost.ready", () -> ready.getAsBoolean() ? 1 : 0)
        .description("1 if the server should be sent work")
        .register(registry);
  }

  /** Registers the gauges of the services. */
  static void register(MeterRegistry registry, Services services) {
    Gauge.builder("fencepost.sessions", services, Services::openSessions)
        .description("Sessions of clients that are open")
        .register(registry);
  }
}
