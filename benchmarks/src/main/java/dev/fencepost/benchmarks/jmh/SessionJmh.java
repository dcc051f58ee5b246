package dev.fencepost.benchmarks.jmh;

import dev.fencepost.benchmarks.contender.TakenLock;
import dev.fencepost.benchmarks.peer.StreamEchoContender;
import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.metrics.LockMetrics;
import dev.fencepost.server.service.GrpcServices;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.call.StatusMapper;
import dev.fencepost.server.service.limit.LimitSettings;
import dev.fencepost.server.service.limit.ServerLimits;
import dev.fencepost.server.service.wire.LeasePolicy;
import dev.fencepost.testkit.model.ModelServer;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The path of a session's message through the server and back: gRPC's in-process transport, the
 * services, the coordinator and an in-memory store. No socket, one operation in each message.
 */
@State(Scope.Benchmark)
public class SessionJmh extends JmhDefaults {
  private static final Duration TTL = Duration.ofSeconds(30);
  private static final int MESSAGE_BYTES = 64 * 1024;
  private static final int MAX_BATCH_OPERATIONS = 500;

  private final AuditTrail audit = AuditTrail.toLogger("jmh", Instant::now);
  private LockCoordinator coordinator;
  private Server server;
  private StreamEchoContender client;

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
    GrpcServices services =
        new GrpcServices(
            coordinator,
            new ServiceContext(
                self,
                "jmh",
                new LeasePolicy(
                    TTL,
                    Duration.ofHours(1),
                    Duration.ofHours(24),
                    MESSAGE_BYTES,
                    MAX_BATCH_OPERATIONS),
                new ServerLimits(
                    new LimitSettings(1000, 1000, 1000, 1000, 1_000_000, 1000, 1L << 30, 100)),
                new LockMetrics(new SimpleMeterRegistry()),
                timers,
                audit,
                () -> Runnable::run),
            new StatusMapper(new Random(1)),
            List.of());
    String name = InProcessServerBuilder.generateName();
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name).directExecutor();
    services.definitions().forEach(builder::addService);
    server = builder.build().start();
    client =
        new StreamEchoContender(
            InProcessChannelBuilder.forName(name).directExecutor().build(), TTL);
  }

  /** Closes the session and the server. */
  @TearDown(Level.Trial)
  public void close() {
    client.close();
    server.shutdownNow();
    coordinator.close();
    audit.close();
  }

  /** Takes a free lock and releases it. */
  @Benchmark
  public long acquireRelease() throws Exception {
    TakenLock taken = client.acquire("free");
    taken.release();
    return taken.token();
  }
}
