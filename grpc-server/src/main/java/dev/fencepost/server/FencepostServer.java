package dev.fencepost.server;

import dev.fencepost.lock.spi.LockBackend;
import dev.fencepost.lock.spi.StoreConfigurationException;
import dev.fencepost.lock.spi.StoreInfo;
import dev.fencepost.lock.tls.TlsFileException;
import dev.fencepost.server.HttpEndpoint.Page;
import dev.fencepost.server.HttpEndpoint.Pages;
import dev.fencepost.server.audit.AuditEntry;
import dev.fencepost.server.audit.AuditKind;
import dev.fencepost.server.audit.AuditTrail;
import dev.fencepost.server.config.AuditSettings;
import dev.fencepost.server.config.HostPort;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.identity.CallCredentials;
import dev.fencepost.server.transport.ServerTls;
import dev.fencepost.server.transport.TlsSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running replica. Thread-safe.
 *
 * <p>It is not ready, and refuses calls as unavailable, until its store has answered. It retries a
 * store that cannot be reached for ever. A store that is refused ends the server.
 */
public final class FencepostServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FencepostServer.class);

  private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final ServerConfig config;
  private final ServerAssembly assembly;
  private final AuditTrail audit;
  private final HostPort address;
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private final AtomicBoolean draining = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();
  private @Nullable GrpcServer grpc;
  private @Nullable HttpEndpoint http;
  private @Nullable ServerTls tls;

  private FencepostServer(
      ServerConfig config, ServerAssembly assembly, AuditTrail audit, HostPort address) {
    this.config = config;
    this.assembly = assembly;
    this.audit = audit;
    this.address = address;
  }

  /**
   * Starts a server on the stores that are on the class path.
   *
   * @throws StartException if an address cannot be used or the store is refused, in one line
   */
  public static FencepostServer start(ServerConfig config) throws StartException {
    return start(config, backend(config), StoreMonitor.Intervals.DEFAULT);
  }

  static FencepostServer start(
      ServerConfig config, LockBackend backend, StoreMonitor.Intervals intervals)
      throws StartException {
    HostPort listen = config.endpoints().listen();
    InetSocketAddress wanted;
    try {
      wanted = ListenAddresses.withPort(ListenAddresses.resolve("listen", listen));
    } catch (IOException e) {
      throw ListenAddresses.cannotListen("listen", listen, e);
    }
    HostPort address = listen.withPort(wanted.getPort());
    AuditTrail audit = audit(config, config.endpoints().advertise().orElse(address), backend);
    FencepostServer server =
        new FencepostServer(
            config,
            new ServerAssembly(
                config, wanted, backend, access(config, audit, backend), audit, intervals),
            audit,
            address);
    try {
      server.listen(wanted);
      audit.record(
          AuditEntry.of(AuditKind.START)
              .with("version", ServerVersion.current())
              .with("listen", address.toString()));
      server.openStore();
      return server;
    } catch (StartException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /**
   * Checks the configuration without connecting to anything.
   *
   * @return for people, in lines, what the files of identity and rights contain
   * @throws StartException if the URI of the store or one of its options is invalid
   */
  public static List<String> check(ServerConfig config) throws StartException {
    LockBackend backend = backend(config);
    try (AuditTrail audit = AuditTrail.toLogger("check", Clock.systemUTC())) {
      Optional<AccessFiles> access = access(config, audit, backend);
      access.ifPresent(AccessFiles::close);
      backend.close();
      return access.map(AccessFiles::summary).orElse(List.of());
    }
  }

  /** Reads rules and tokens. The backend and the audit are closed if they cannot be used. */
  private static Optional<AccessFiles> access(
      ServerConfig config, AuditTrail audit, LockBackend backend) throws StartException {
    try {
      return AccessFiles.open(config.access(), audit);
    } catch (StartException e) {
      audit.close();
      backend.close();
      throw e;
    }
  }

  /** Opens the audit. The backend is closed if its file cannot be written. */
  private static AuditTrail audit(ServerConfig config, HostPort self, LockBackend backend)
      throws StartException {
    AuditSettings settings = config.audit();
    try {
      AuditTrail audit = open(settings, self.toString());
      if (settings.includesGrants()) {
        audit.includeGrants();
      }
      return audit;
    } catch (IOException e) {
      backend.close();
      throw new StartException("audit.file: it cannot be written: " + e, e);
    }
  }

  private static AuditTrail open(AuditSettings settings, String self) throws IOException {
    Clock clock = Clock.systemUTC();
    Optional<Path> file = settings.file();
    return file.isPresent()
        ? AuditTrail.toFile(file.get(), settings.maxBytes(), settings.keep(), self, clock)
        : AuditTrail.toLogger(self, clock);
  }

  /** Returns the port of gRPC. */
  public int port() {
    return address.port();
  }

  /** Returns the address on which gRPC listens. */
  public HostPort address() {
    return address;
  }

  /** Returns the address of metrics and health; empty if they are off. */
  public Optional<HostPort> httpAddress() {
    HttpEndpoint endpoint = http;
    return endpoint == null
        ? Optional.empty()
        : config.endpoints().http().map(listen -> listen.withPort(endpoint.port()));
  }

  /** Returns the reason why the server is not ready for calls; empty if it is ready. */
  public Optional<String> obstacle() {
    return assembly.readiness().obstacle();
  }

  /**
   * Waits until the server has ended.
   *
   * @throws StartException if it ended because its store was refused
   */
  public void awaitTermination() throws InterruptedException, StartException {
    try {
      terminated.get();
    } catch (ExecutionException e) {
      close();
      throw e.getCause() instanceof StartException refused ? refused : refused(e);
    }
  }

  /**
   * Drains the server: it is not ready from now on, waiting clients are sent to another replica,
   * and calls in flight are answered. Returns when all is done, after the drain timeout at the
   * latest. Grants remain.
   */
  public void drain() {
    GrpcServer server = grpc;
    if (draining.compareAndSet(false, true) && server != null) {
      LOG.info("draining");
      try {
        drainServices();
        boolean answered = server.drain(config.drainTimeout());
        LOG.info(
            answered ? "drained" : "the drain timeout is over: the remaining calls are cut off");
      } finally {
        close();
      }
    }
  }

  /** Ends at once. Calls in flight are cut off, grants remain. Idempotent. */
  @Override
  public void close() {
    draining.set(true);
    if (closed.compareAndSet(false, true)) {
      List<Runnable> steps = new ArrayList<>();
      Optional.ofNullable(grpc).ifPresent(server -> steps.add(server::close));
      steps.addAll(assembly.closingSteps());
      Optional.ofNullable(http).ifPresent(pages -> steps.add(pages::close));
      Optional.ofNullable(tls).ifPresent(certificates -> steps.add(certificates::close));
      steps.add(() -> audit.record(AuditEntry.of(AuditKind.STOP)));
      steps.add(audit::close);
      steps.forEach(FencepostServer::runSafely);
      terminated.complete(null);
    }
  }

  /** Runs a step of the shutdown. A failure is logged and does not prevent later steps. */
  private static void runSafely(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      LOG.error("a step of the shutdown failed; going on with the next", e);
    }
  }

  /** Drains the services. Open calls are still answered, even if this fails. */
  private void drainServices() {
    runSafely(() -> assembly.drain(config.drainTimeout()));
  }

  private void listen(InetSocketAddress wanted) throws StartException {
    Optional<ServerTls> certificates = certificates();
    List<GrpcServer.Listener> listeners = new ArrayList<>();
    listeners.add(new GrpcServer.Listener("listen", wanted, certificates));
    Optional<HostPort> plain = config.endpoints().plain();
    if (plain.isPresent()) {
      InetSocketAddress second = ListenAddresses.resolve("plain-listen", plain.get());
      listeners.add(new GrpcServer.Listener("plain-listen", second, Optional.empty()));
    }
    grpc = GrpcServer.start(listeners, config, assembly.parts());
    listeners.stream()
        .filter(each -> each.tls().isEmpty())
        .map(GrpcServer.Listener::address)
        .filter(each -> !each.getAddress().isLoopbackAddress())
        .forEach(each -> assembly.warnOfPlainText(HostPort.of(each)));
    Optional<HostPort> pages = config.endpoints().http();
    if (pages.isPresent()) {
      try {
        http =
            HttpEndpoint.start(
                ListenAddresses.resolve("http-listen", pages.get()),
                certificates.map(ServerTls::httpContext),
                pages(
                    new MetricsAccess(
                        assembly.control(),
                        peer -> certificates.map(each -> each.accepts(peer)).orElse(true))));
      } catch (IOException e) {
        throw ListenAddresses.cannotListen("http-listen", pages.get(), e);
      }
    }
  }

  private Optional<ServerTls> certificates() throws StartException {
    Optional<TlsSettings> settings = config.tls();
    if (settings.isEmpty()) {
      return Optional.empty();
    }
    try {
      ServerTls started = ServerTls.start(settings.get(), assembly.parts().connections());
      tls = started;
      assembly.registerCertificate(started);
      return Optional.of(started);
    } catch (TlsFileException e) {
      throw new StartException("tls: " + e.getMessage(), e);
    }
  }

  /** Probes tell one word to everybody, and the reason to those who may read metrics. */
  private Pages pages(MetricsAccess access) {
    Map<String, Function<CallCredentials, Page>> probes = new LinkedHashMap<>();
    probes.put(
        "/livez",
        shown ->
            assembly.liveness().isAlive()
                ? Page.text(200, "alive")
                : Page.text(503, access.allows(shown) ? "the timers do not run" : "dead"));
    probes.put(
        "/readyz",
        shown ->
            obstacle()
                .map(why -> access.allows(shown) ? "not ready: " + why : "unready")
                .map(text -> Page.text(503, text))
                .orElseGet(() -> Page.text(200, "ready")));
    return new Pages(
        probes,
        Map.of(
            "/metrics",
            shown ->
                access
                    .refusal(shown)
                    .orElseGet(() -> new Page(200, METRICS_TYPE, assembly.metrics()))));
  }

  private void openStore() throws StartException {
    CompletableFuture<StoreInfo> opened = assembly.openStore();
    CompletableFuture<StoreInfo> watched =
        opened.whenComplete(
            (store, failure) -> {
              if (failure != null) {
                terminated.completeExceptionally(refused(failure));
              }
            });
    try {
      // Waits for the first attempt, successful or not. Attempts go on if the store does not
      // answer.
      long timeoutMillis = config.store().callTimeout().toMillis();
      assembly.firstStoreAttempt().get(timeoutMillis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      LOG.debug("the store has not answered the first attempt yet", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (watched.isCompletedExceptionally()) {
      throw watched.handle((store, failure) -> refused(failure)).join();
    }
  }

  private static LockBackend backend(ServerConfig config) throws StartException {
    try {
      return StoreProviders.installed().create(config.store());
    } catch (StoreConfigurationException e) {
      throw refused(e);
    }
  }

  private static StartException refused(Throwable failure) {
    Throwable root = failure;
    for (Throwable cause = failure.getCause();
        cause != null && !(root instanceof StoreConfigurationException);
        cause = cause.getCause()) {
      root = cause;
    }
    return new StartException(String.valueOf(root.getMessage()), failure);
  }
}
