package dev.fencepost.server.metrics;

import dev.fencepost.core.TimerService;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Set;

/** Times gRPC calls by method and code, including those that reach no handler. */
public final class CallMetrics extends ServerStreamTracer.Factory {
  private final Set<String> methods;
  private final TimerService clock;
  private final LabeledMeters.Timers calls;

  /**
   * Registers the meters.
   *
   * @param methods full names of all methods. Calls of others are counted together, because callers
   *     can invent any number of them
   */
  public CallMetrics(Set<String> methods, TimerService clock, MeterRegistry registry) {
    this.methods = Set.copyOf(methods);
    this.clock = clock;
    this.calls =
        LabeledMeters.Timers.forWaits(
            registry, "fencepost.grpc.call", "gRPC calls from start to end", "method", "code");
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
    String method = methods.contains(fullMethodName) ? fullMethodName : "other";
    return new Tracer(method, clock.nanoTime());
  }

  private final class Tracer extends ServerStreamTracer {
    private final String method;
    private final long startedNanos;

    Tracer(String method, long startedNanos) {
      this.method = method;
      this.startedNanos = startedNanos;
    }

    @Override
    public void streamClosed(Status status) {
      calls.record(
          Duration.ofNanos(clock.nanoTime() - startedNanos), method, status.getCode().name());
    }
  }
}
