package dev.fencepost.server;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.server.config.HostPort;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.metrics.CallMetrics;
import dev.fencepost.server.metrics.LockMetrics;
import dev.fencepost.server.metrics.MeteredBackend;
import dev.fencepost.server.metrics.ProcessMetrics;
import dev.fencepost.server.service.GrpcServices;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.call.StatusMapper;
import dev.fencepost.server.service.call.StoreGate;
import dev.fencepost.server.service.limit.ServerLimits;
import dev.fencepost.server.service.wire.LeasePolicy;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The parts of one server, put together. Listens to nothing and asks nobody yet. */
final class ServerAssembly {
  /** How long one answer of the store counts: three probes. */
  private static final Duration FRESH_FOR = Duration.ofSeconds(5);

  /** How long the store is asked which replicas clients may go to. */
  private static final Duration FAREWELL = Duration.ofSeconds(1);

  private final SystemTimers timers = new SystemTimers();
  private final TransportThreads transport = new TransportThreads();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ProcessMetrics process = new ProcessMetrics(registry, ServerVersion.current());
  private final LivenessCheck liveness = new LivenessCheck(timers);
  private final LockCoordinator coordinator;
  private final ServerLimits limits;
  private final StoreGate gate;
  private final GrpcServices services;
  private final List<ServerServiceDefinition> definitions;
  private final HealthReporter health;
  private final ReadinessCheck readiness;
  private final StoreMonitor storeMonitor;
  private final CompletableFuture<Void> storeTried;
  private final Set<String> methods;

  ServerAssembly(
      ServerConfig config, InetSocketAddress address, LockBackend backend, StoreMonitor.Pace pace) {
    SecureRandom random = new SecureRandom();
    Replica self =
        new Replica(
            ReplicaId.of(random.nextLong()),
            advertised(config, address).toString(),
            Replica.Phase.SERVING);
    this.coordinator =
        new LockCoordinator(
            new MeteredBackend(backend, timers, registry),
            self,
            config.limits().waiting(),
            timers,
            random);
    StatusMapper statuses = new StatusMapper(random);
    this.limits = new ServerLimits(config.limits().clients());
    this.gate = new StoreGate(statuses, timers, config.store().callTimeout());
    this.services = new GrpcServices(coordinator, settings(config, self), statuses, List.of(gate));
    this.definitions = services.definitions();
    this.methods =
        definitions.stream()
            .flatMap(service -> service.getServiceDescriptor().getMethods().stream())
            .map(MethodDescriptor::getFullMethodName)
            .collect(Collectors.toUnmodifiableSet());
    this.health =
        new HealthReporter(
            definitions.stream().map(each -> each.getServiceDescriptor().getName()).toList());
    this.readiness = new ReadinessCheck(timers, FRESH_FOR, health::tell);
    this.storeMonitor = new StoreMonitor(coordinator, timers, readiness, pace);
    this.storeTried = storeMonitor.firstTry().thenRun(gate::onOpenFailed);
    ServerGauges.register(registry, coordinator, limits, () -> readiness.obstacle().isEmpty());
    ServerGauges.register(registry, services);
  }

  GrpcServer.Parts parts() {
    return new GrpcServer.Parts(
        definitions,
        health,
        services::bounded,
        limits,
        new CallMetrics(methods, timers, registry),
        transport);
  }

  ReadinessCheck readiness() {
    return readiness;
  }

  LivenessCheck liveness() {
    return liveness;
  }

  /** All metrics in Prometheus' text format. */
  String metrics() {
    return registry.scrape();
  }

  /** Begins to open the store; calls are let in once it is open. */
  CompletableFuture<StoreInfo> openStore() {
    // Before the first try: a store that answers at once opens the gate, and nothing shuts it.
    CompletableFuture<StoreInfo> open =
        storeMonitor
            .opened()
            .thenApply(
                store -> {
                  gate.open();
                  return store;
                });
    storeMonitor.start();
    return open;
  }

  /** Completes when the store answered for the first time, well or not. */
  CompletableFuture<Void> storeTried() {
    return storeTried;
  }

  /** Not ready any more; sends away those who wait and watch. */
  void drain(Duration leaveWithin) {
    readiness.drain();
    health.end();
    // First where to go: those who are sent away with it go to one place, in their order.
    services.drain(leaveWithin, freshReplicas());
    coordinator.drain();
  }

  /** Where clients may go. Nobody has come before the store was opened. */
  private List<Replica> freshReplicas() {
    if (!coordinator.isOpened()) {
      return List.of();
    }
    StoreInfo last = coordinator.known();
    // A copy: the backend's own stage is not to be completed by this timeout.
    return coordinator
        .info()
        .thenApply(store -> store)
        .toCompletableFuture()
        .completeOnTimeout(last, FAREWELL.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(failure -> last)
        .join()
        .replicas();
  }

  /** The steps that end it, in their order; each is taken whatever became of the one before. */
  List<Runnable> closing() {
    return List.of(
        storeMonitor::stop,
        coordinator::close,
        timers::close,
        transport::close,
        process::close,
        registry::close);
  }

  private ServiceContext settings(ServerConfig config, Replica self) {
    LeasePolicy policy =
        new LeasePolicy(
            config.leases().defaultTtl(),
            config.leases().maxTtl(),
            config.leases().maxWait(),
            config.limits().messageBytes(),
            config.limits().sessionOperations());
    return new ServiceContext(
        self.id(),
        ServerVersion.current(),
        policy,
        limits,
        new LockMetrics(registry),
        timers,
        transport::current);
  }

  private static HostPort advertised(ServerConfig config, InetSocketAddress address) {
    return config
        .endpoints()
        .advertise()
        .orElseGet(() -> ListenAddresses.advertised(config.endpoints().listen(), address));
  }
}
