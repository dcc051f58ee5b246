package dev.fencepost.benchmarks.jmh;

import dev.fencepost.benchmarks.contender.Held;
import dev.fencepost.benchmarks.peer.StreamEcho;
import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.server.metrics.LockMetrics;
import dev.fencepost.server.service.LeasePolicy;
import dev.fencepost.server.service.LimitSettings;
import dev.fencepost.server.service.Refusals;
import dev.fencepost.server.service.ServerLimits;
import dev.fencepost.server.service.ServiceSettings;
import dev.fencepost.server.service.Services;
import dev.fencepost.testkit.model.ModelServer;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The way of a session's message through the server and back: gRPC's in-process transport, the
 * services, the coordinator and a store in memory; no socket, one operation in each message.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
@Threads(1)
@State(Scope.Benchmark)
public class SessionJmh {
  private static final Duration TTL = Duration.ofSeconds(30);
  private static final int MESSAGE_BYTES = 64 * 1024;
  private static final int MOST_IN_A_BATCH = 500;

  private LockCoordinator coordinator;
  private Server server;
  private StreamEcho client;

  /** Opens a session. */
  @Setup(Level.Trial)
  public void open() throws IOException {
    ModelServer store = new ModelServer(() -> System.currentTimeMillis() * 1000, Runnable::run);
    ReplicaId self = ReplicaId.of(1);
    NoTimers timers = new NoTimers();
    coordinator =
        new LockCoordinator(
            store.newBackend(),
            new Replica(self, "localhost:7420", Replica.Phase.SERVING),
            CoordinatorSettings.DEFAULT,
            timers,
            new Random(1));
    coordinator.open();
    Services services =
        new Services(
            coordinator,
            new ServiceSettings(
                self,
                "jmh",
                new LeasePolicy(
                    TTL, Duration.ofHours(1), Duration.ofHours(24), MESSAGE_BYTES, MOST_IN_A_BATCH),
                new ServerLimits(
                    new LimitSettings(1000, 1000, 1000, 1000, 1_000_000, 1L << 30, 100)),
                new LockMetrics(new SimpleMeterRegistry()),
                timers,
                () -> Runnable::run),
            new Refusals(new Random(1)),
            List.of());
    String name = InProcessServerBuilder.generateName();
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name).directExecutor();
    services.definitions().forEach(builder::addService);
    server = builder.build().start();
    client = new StreamEcho(InProcessChannelBuilder.forName(name).directExecutor().build(), TTL);
  }

  /** Ends it. */
  @TearDown(Level.Trial)
  public void close() {
    client.close();
    server.shutdownNow();
    coordinator.close();
  }

  /** Takes a free lock and gives it back. */
  @Benchmark
  public long acquireRelease() throws Exception {
    Held held = client.acquire("free");
    held.release();
    return held.token();
  }
}
