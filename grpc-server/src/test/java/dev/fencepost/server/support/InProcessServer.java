package dev.fencepost.server.support;

import dev.fencepost.core.CoordinatorSettings;
import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.proto.v1.AcquireRequest;
import dev.fencepost.proto.v1.AcquireResponse;
import dev.fencepost.proto.v1.AdminServiceGrpc;
import dev.fencepost.proto.v1.FencingServiceGrpc;
import dev.fencepost.proto.v1.GetLockRequest;
import dev.fencepost.proto.v1.Grant;
import dev.fencepost.proto.v1.Lock;
import dev.fencepost.proto.v1.LockServiceGrpc;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.metrics.LockMetrics;
import dev.fencepost.server.service.GrpcServices;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.service.call.AccessInterceptor;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.call.StatusMapper;
import dev.fencepost.server.service.call.StreamReset;
import dev.fencepost.server.service.limit.LimitSettings;
import dev.fencepost.server.service.limit.ServerLimits;
import dev.fencepost.server.service.wire.LeasePolicy;
import dev.fencepost.testkit.model.ModelServer;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/** The services on a model store, on one thread and on time that the test controls. */
public final class InProcessServer implements AutoCloseable {
  public static final ReplicaId SELF = ReplicaId.of(0xfe);
  public static final LeasePolicy POLICY =
      new LeasePolicy(
          Duration.ofSeconds(15), Duration.ofMinutes(10), Duration.ofHours(24), 64 * 1024, 50);

  public static final LimitSettings LIMITS =
      new LimitSettings(1000, 1000, 1000, 1000, 1000, 1000, 64 * 1024 * 1024, 100);

  public final ManualTimers time = new ManualTimers();
  public final ModelServer store = new ModelServer(time::clockMicros, Runnable::run);
  public final FaultyBackend backend = new FaultyBackend(store.newBackend());
  public final StatusMapper statuses = new StatusMapper(new Random(7));
  public final AuditTrail audit = AuditTrail.toLogger("test", Instant::now);
  public final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  public final ServerLimits limits;
  public final LockCoordinator coordinator;
  public final GrpcServices services;
  public final ManagedChannel channel;
  private final Server server;

  public InProcessServer() {
    this(CoordinatorSettings.DEFAULT, LIMITS);
  }

  public InProcessServer(CoordinatorSettings waiting, LimitSettings clients) {
    this(waiting, clients, POLICY.sessionOperations());
  }

  /** Services behind the rules and credentials of a control. */
  public InProcessServer(AccessControl control) {
    this(
        CoordinatorSettings.DEFAULT,
        LIMITS,
        POLICY.sessionOperations(),
        statuses -> List.of(new AccessInterceptor(control, statuses, () -> Runnable::run)));
  }

  public InProcessServer(
      CoordinatorSettings waiting, LimitSettings clients, int sessionOperations) {
    this(waiting, clients, sessionOperations, statuses -> List.of());
  }

  private InProcessServer(
      CoordinatorSettings waiting,
      LimitSettings clients,
      int sessionOperations,
      Function<StatusMapper, List<ServerInterceptor>> guards) {
    LeasePolicy policy =
        new LeasePolicy(
            POLICY.defaultTtl(),
            POLICY.maxTtl(),
            POLICY.maxWait(),
            POLICY.messageBytes(),
            sessionOperations);
    limits = new ServerLimits(clients);
    coordinator =
        new LockCoordinator(
            backend,
            new Replica(SELF, "here:1", Replica.Phase.SERVING),
            waiting,
            time,
            new Random(1));
    coordinator.open();
    services =
        new GrpcServices(
            coordinator,
            new ServiceContext(
                SELF,
                "test",
                policy,
                limits,
                new LockMetrics(registry),
                time,
                audit,
                () -> Runnable::run),
            statuses,
            guards.apply(statuses));
    String name = InProcessServerBuilder.generateName();
    InProcessServerBuilder builder = InProcessServerBuilder.forName(name).directExecutor();
    builder.addStreamTracerFactory(StreamReset.tracers(limits));
    services.definitions().forEach(builder::addService);
    try {
      server = builder.build().start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    channel = InProcessChannelBuilder.forName(name).directExecutor().build();
  }

  public LockServiceGrpc.LockServiceBlockingStub locks() {
    return LockServiceGrpc.newBlockingStub(channel);
  }

  public LockServiceGrpc.LockServiceStub lockCalls() {
    return LockServiceGrpc.newStub(channel);
  }

  public FencingServiceGrpc.FencingServiceBlockingStub fencing() {
    return FencingServiceGrpc.newBlockingStub(channel);
  }

  public AdminServiceGrpc.AdminServiceBlockingStub admin() {
    return AdminServiceGrpc.newBlockingStub(channel);
  }

  /** Acquires a free lock. */
  public Grant take(AcquireRequest request) {
    AcquireResponse response = locks().acquire(request);
    if (!response.hasGranted()) {
      throw new AssertionError("not granted: " + response);
    }
    return response.getGranted();
  }

  public Grant take(String name) {
    return take(TestRequests.claim(name).build());
  }

  /** Starts an acquire that waits. Its answer may come later in the test. */
  public AcquireFuture queue(AcquireRequest.Builder claim, long waitSeconds) {
    return AcquireFuture.start(channel, claim.setWait(TestRequests.seconds(waitSeconds)).build());
  }

  public Lock getLock(String name) {
    return locks().getLock(GetLockRequest.newBuilder().setName(name).build()).getLock();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.shutdownNow();
    coordinator.close();
    audit.close();
  }
}
