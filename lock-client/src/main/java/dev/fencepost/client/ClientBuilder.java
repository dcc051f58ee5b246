package dev.fencepost.client;

import dev.fencepost.client.internal.lock.ClientSetup;
import dev.fencepost.client.internal.lock.FencepostClientImpl;
import dev.fencepost.client.internal.lock.ProcessOwner;
import dev.fencepost.client.internal.time.CallbackExecutor;
import dev.fencepost.client.internal.time.ClientTimers;
import dev.fencepost.client.internal.time.SuspendAwareClock;
import dev.fencepost.client.internal.time.ThreadTimers;
import dev.fencepost.client.internal.transport.ChannelFactory;
import dev.fencepost.client.internal.transport.ClientCertificates;
import dev.fencepost.client.internal.transport.ReplicaConnector;
import dev.fencepost.client.internal.transport.ServerTarget;
import dev.fencepost.lock.Claimant;
import dev.fencepost.lock.Lease;
import dev.fencepost.lock.LockMode;
import dev.fencepost.lock.tls.BearerFile;
import dev.fencepost.proto.v1.Hello;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * The settings of a client. Not thread-safe; may build several clients.
 *
 * <pre>{@code
 * return FencepostClient.builder(target)
 *     .ttl(Duration.ofSeconds(30))
 *     .service("order-worker")
 *     .metadata(Map.of("region", "eu-1"))
 *     .callTimeout(Duration.ofSeconds(5))
 *     .metrics(MicrometerMetrics.of(registry))
 *     .build();
 * }</pre>
 */
public final class ClientBuilder {
  private static final Duration LEAST_CALL_TIMEOUT = Duration.ofMillis(100);
  private static final Duration MOST_CALL_TIMEOUT = Duration.ofMinutes(10);

  private final ServerTarget target;
  private Optional<Duration> ttl = Optional.empty();
  private Optional<String> owner = Optional.empty();
  private Optional<String> service = Optional.empty();
  private Map<String, String> metadata = Map.of();
  private Duration callTimeout = Duration.ofSeconds(10);
  private Optional<Executor> callbackExecutor = Optional.empty();
  private Optional<BearerFile> bearer = Optional.empty();
  private Optional<ClientTls> tls = Optional.empty();
  private ClientMetrics metrics = ClientMetrics.NONE;

  ClientBuilder(String target) {
    this.target = ServerTarget.parse(target);
  }

  /** Sets the lease of locks that name none, 2 s – 24 h. Default: the server's default. */
  public ClientBuilder ttl(Duration value) {
    ttl = Optional.of(Lease.requireBetween("ttl", value, Lease.MIN_TTL, Lease.MAX_TTL));
    return this;
  }

  /**
   * Sets the name of this client as people see it on a lock, at most 256 bytes of UTF-8. Default:
   * {@code host:pid/service}.
   */
  public ClientBuilder owner(String value) {
    owner = Optional.of(Claimant.named(value).owner());
    return this;
  }

  /** Sets the service's name in the default owner. Default: the main class. */
  public ClientBuilder service(String name) {
    service = Optional.of(name);
    return this;
  }

  /** Sets metadata for people who look at a lock; at most 32 entries and 4 KiB. */
  public ClientBuilder metadata(Map<String, String> value) {
    metadata = new Claimant("", "", LockMode.EXCLUSIVE, value).metadata();
    return this;
  }

  /**
   * Sets the longest time without an answer, not counting waits for a lock; 100 ms – 10 min,
   * default 10 s.
   */
  public ClientBuilder callTimeout(Duration value) {
    callTimeout =
        Lease.requireBetween("call_timeout", value, LEAST_CALL_TIMEOUT, MOST_CALL_TIMEOUT);
    return this;
  }

  /**
   * Sets the executor of the actions of {@code onLost} and the like, and of stages that depend on
   * futures. Default: up to 16 daemon threads of the client's own.
   */
  public ClientBuilder callbackExecutor(Executor value) {
    callbackExecutor = Optional.of(value);
    return this;
  }

  /** Sets the receiver of counts; see {@link MicrometerMetrics}. */
  public ClientBuilder metrics(ClientMetrics value) {
    metrics = value;
    return this;
  }

  /** Encrypts the connections and proves who the servers are. Default: plain text. */
  public ClientBuilder tls(ClientTls value) {
    tls = Optional.of(value);
    return this;
  }

  /**
   * Sends the token in this file, as proof of an identity, with each call. The file is read for
   * each new connection. A token is never sent in plain text to another machine.
   */
  public ClientBuilder bearerFile(Path file) {
    bearer = Optional.of(new BearerFile(file));
    return this;
  }

  /**
   * Creates the client. It connects in the background, so this never blocks.
   *
   * @throws dev.fencepost.lock.InvalidValueException if a file of {@link ClientTls} cannot be used
   */
  public FencepostClient build() {
    return FencepostClientImpl.start(
        setup(
            new ChannelFactory(
                tls.map(files -> ClientCertificates.read(files.files())),
                tls.flatMap(ClientTls::serverName),
                bearer)));
  }

  /** The values that {@link #build} creates a client from. */
  ClientSetup setup(ReplicaConnector connector) {
    Hello hello =
        Hello.newBuilder()
            .setClient("java/" + version())
            .setOwner(owner.orElseGet(() -> ProcessOwner.ofProcess(service)))
            .putAllMetadata(metadata)
            .build();
    ClientTimers timers = new ThreadTimers();
    return new ClientSetup(
        target,
        hello,
        ttl,
        callTimeout.toNanos(),
        callbackExecutor.map(CallbackExecutor::new).orElseGet(CallbackExecutor::withOwnThreads),
        metrics,
        SuspendAwareClock.ofSystem(),
        timers,
        task -> timers.schedule(0, task),
        new SecureRandom(),
        connector);
  }

  private static String version() {
    String version = ClientBuilder.class.getPackage().getImplementationVersion();
    return version == null ? "unreleased" : version;
  }
}
