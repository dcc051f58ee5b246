package dev.fencepost.client;

import dev.fencepost.lock.LossReason;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.ToDoubleFunction;

/**
 * The counts of a client in a Micrometer registry: {@code fencepost.client.acquires} (timer, by
 * outcome), {@code .renewals} (by outcome), {@code .losses} (by reason), {@code .leaks}, and the
 * gauges {@code .held}, {@code .waiting} and {@code .sessions}. No meter contains the name of a
 * lock.
 */
public final class MicrometerMetrics implements ClientMetrics {
  private static final String PREFIX = "fencepost.client.";

  private final MeterRegistry registry;
  private final Counter leaks;
  private final Map<String, Timer> acquires = new ConcurrentHashMap<>();
  private final Map<String, Counter> renewals = new ConcurrentHashMap<>();

  private MicrometerMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.leaks =
        Counter.builder(PREFIX + "leaks")
            .description("Handles that were never closed")
            .register(registry);
  }

  /** Creates the meters of one client in the registry. */
  public static MicrometerMetrics of(MeterRegistry registry) {
    return new MicrometerMetrics(registry);
  }

  @Override
  public void acquireEnded(String outcome, long tookNanos) {
    acquires
        .computeIfAbsent(
            outcome,
            tag ->
                Timer.builder(PREFIX + "acquires")
                    .description("Claims from the call to their end")
                    .tag("outcome", tag)
                    .register(registry))
        .record(tookNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void renewalEnded(String outcome) {
    renewals
        .computeIfAbsent(
            outcome,
            tag ->
                Counter.builder(PREFIX + "renewals")
                    .description("Renewals that were answered")
                    .tag("outcome", tag)
                    .register(registry))
        .increment();
  }

  @Override
  public void lockLost(LossReason reason) {
    Counter.builder(PREFIX + "losses")
        .description("Locks that ended before they were released")
        .tag("reason", reason.name())
        .register(registry)
        .increment();
  }

  @Override
  public void handleLeaked() {
    leaks.increment();
  }

  @Override
  public void watch(IntSupplier held, IntSupplier waiting, IntSupplier sessions) {
    gauge("held", "Locks that are held", held);
    gauge("waiting", "Claims without an answer", waiting);
    gauge("sessions", "Streams that are open", sessions);
  }

  private void gauge(String name, String description, IntSupplier value) {
    ToDoubleFunction<IntSupplier> read = IntSupplier::getAsInt;
    Gauge.builder(PREFIX + name, value, read)
        .description(description)
        .strongReference(true)
        .register(registry);
  }
}
