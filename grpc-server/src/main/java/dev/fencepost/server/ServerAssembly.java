package dev.fencepost.server;

import dev.fencepost.core.LockCoordinator;
import dev.fencepost.lock.Replica;
import dev.fencepost.lock.ReplicaId;
import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.config.HostPort;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.metrics.CallMetrics;
import dev.fencepost.server.metrics.LockMetrics;
import dev.fencepost.server.metrics.MeteredBackend;
import dev.fencepost.server.metrics.ProcessMetrics;
import dev.fencepost.server.service.GrpcServices;
import dev.fencepost.server.service.access.AccessControl;
import dev.fencepost.server.service.call.AccessInterceptor;
import dev.fencepost.server.service.call.ServiceContext;
import dev.fencepost.server.service.call.StatusMapper;
import dev.fencepost.server.service.call.StoreGate;
import dev.fencepost.server.service.limit.ServerLimits;
import dev.fencepost.server.service.wire.LeasePolicy;
import dev.fencepost.server.transport.ConnectionRegistry;
import dev.fencepost.server.transport.ServerTls;
import io.grpc.MethodDescriptor;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Assembles the parts of one server. Neither listens nor calls the store yet. */
final class ServerAssembly {
  /** Time for which an answer of the store makes the server ready: three probes. */
  private static final Duration FRESH_FOR = Duration.ofSeconds(5);

  /** Time limit for the list of replicas that clients may go to when the server drains. */
  private static final Duration REPLICA_LIST_TIMEOUT = Duration.ofSeconds(1);

  private final SystemTimers timers = new SystemTimers();
  private final TransportThreads transport = new TransportThreads();
  private final ConnectionRegistry connections;
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ProcessMetrics process = new ProcessMetrics(registry, ServerVersion.current());
  private final LivenessCheck liveness = new LivenessCheck(timers);
  private final LockCoordinator coordinator;
  private final ServerLimits limits;
  private final Optional<AccessFiles> access;
  private final StoreGate gate;
  private final GrpcServices services;
  private final List<ServerServiceDefinition> definitions;
  private final HealthReporter health;
  private final ReadinessCheck readiness;
  private final StoreMonitor storeMonitor;
  private final CompletableFuture<Void> firstStoreAttempt;
  private final Set<String> methods;
  private final HostPort advertised;

  ServerAssembly(
      ServerConfig config,
      InetSocketAddress address,
      LockBackend backend,
      Optional<AccessFiles> access,
      AuditTrail audit,
      StoreMonitor.Intervals intervals) {
    SecureRandom random = new SecureRandom();
    this.advertised = advertised(config, address);
    Replica self =
        new Replica(ReplicaId.of(random.nextLong()), advertised.toString(), Replica.Phase.SERVING);
    this.coordinator =
        new LockCoordinator(
            new MeteredBackend(backend, timers, registry),
            self,
            config.limits().waiting(),
            timers,
            random);
    StatusMapper statuses = new StatusMapper(random);
    this.limits = new ServerLimits(config.limits().clients());
    this.connections = new ConnectionRegistry(new AddressQuota(limits.connections()));
    this.gate = new StoreGate(statuses, timers, config.store().callTimeout());
    this.services =
        new GrpcServices(
            coordinator, serviceContext(config, self, audit), statuses, guards(access, statuses));
    this.access = access;
    access.ifPresent(files -> files.watch(connections));
    access.flatMap(AccessFiles::jwtKeys).ifPresent(keys -> ServerGauges.register(registry, keys));
    this.definitions = services.definitions();
    this.methods =
        definitions.stream()
            .flatMap(service -> service.getServiceDescriptor().getMethods().stream())
            .map(MethodDescriptor::getFullMethodName)
            .collect(Collectors.toUnmodifiableSet());
    this.health =
        new HealthReporter(
            definitions.stream().map(each -> each.getServiceDescriptor().getName()).toList());
    this.readiness = new ReadinessCheck(timers, FRESH_FOR, health::report);
    this.storeMonitor = new StoreMonitor(coordinator, timers, readiness, intervals);
    this.firstStoreAttempt = storeMonitor.firstAttempt().thenRun(gate::onOpenFailed);
    ServerGauges.register(registry, coordinator, limits, () -> readiness.obstacle().isEmpty());
    ServerGauges.register(registry, services);
    ServerGauges.register(registry, connections);
    ServerGauges.register(registry, audit);
  }

  /** Callers are refused before their calls wait for the store. */
  private List<ServerInterceptor> guards(Optional<AccessFiles> files, StatusMapper statuses) {
    return Stream.concat(
            files.stream()
                .map(each -> new AccessInterceptor(each.control(), statuses, transport::current)),
            Stream.of(gate))
        .toList();
  }

  GrpcServer.Parts parts() {
    return new GrpcServer.Parts(
        definitions,
        health,
        services::bounded,
        limits,
        new CallMetrics(methods, timers, registry),
        transport,
        connections);
  }

  /** Returns rules and credentials; empty if callers have no identity. */
  Optional<AccessControl> control() {
    return access.map(AccessFiles::control);
  }

  ReadinessCheck readiness() {
    return readiness;
  }

  LivenessCheck liveness() {
    return liveness;
  }

  /** Registers the metrics of the certificate, and warns if it is for another host. */
  void registerCertificate(ServerTls tls) {
    tls.checkName(advertised.host());
    ServerGauges.register(registry, tls);
  }

  /** Warns now and each hour that the server speaks plain text beyond this machine. */
  void warnOfPlainText(HostPort listen) {
    PlainTextWarning.start(timers, listen);
  }

  /** Returns all metrics in the text format of Prometheus. */
  String metrics() {
    return registry.scrape();
  }

  /** Starts to open the store. Calls pass once it is open. */
  CompletableFuture<StoreInfo> openStore() {
    // Before the first attempt, so that a store which answers at once opens the gate for good.
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

  /** Completes when the first attempt to open the store has succeeded or failed. */
  CompletableFuture<Void> firstStoreAttempt() {
    return firstStoreAttempt;
  }

  /** Makes the server not ready, and sends the clients that wait or watch to other replicas. */
  void drain(Duration leaveWithin) {
    readiness.drain();
    health.stopServing();
    // Sessions first learn the other replicas, so that their waiters go to one replica, in order.
    services.drain(leaveWithin, freshReplicas());
    coordinator.drain();
  }

  /** Returns the replicas of the store. No client has come before the store was opened. */
  private List<Replica> freshReplicas() {
    if (!coordinator.isOpened()) {
      return List.of();
    }
    StoreInfo last = coordinator.known();
    // A copy, so that the timeout does not complete the stage of the backend.
    return coordinator
        .info()
        .thenApply(store -> store)
        .toCompletableFuture()
        .completeOnTimeout(last, REPLICA_LIST_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(failure -> last)
        .join()
        .replicas();
  }

  /** Returns the steps of the shutdown, in order. Each runs even if the one before failed. */
  List<Runnable> closingSteps() {
    return List.of(
        () -> access.ifPresent(AccessFiles::close),
        storeMonitor::stop,
        coordinator::close,
        timers::close,
        transport::close,
        process::close,
        registry::close);
  }

  private ServiceContext serviceContext(ServerConfig config, Replica self, AuditTrail audit) {
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
        audit,
        transport::current);
  }

  private static HostPort advertised(ServerConfig config, InetSocketAddress address) {
    return config
        .endpoints()
        .advertise()
        .orElseGet(() -> ListenAddresses.advertised(config.endpoints().listen(), address));
  }
}
