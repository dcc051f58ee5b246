package dev.fencepost.server;

import dev.fencepost.server.config.HostPort;
import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.service.call.StreamReset;
import dev.fencepost.server.service.limit.ServerLimits;
import dev.fencepost.server.transport.ConnectionRegistry;
import dev.fencepost.server.transport.ServerTls;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** Starts, drains and closes the gRPC server. */
final class GrpcServer {
  private static final Duration CHECK_INTERVAL = Duration.ofMillis(20);

  /** Time without open calls after which the drain ends. Calls already on the wire arrive in it. */
  private static final Duration QUIET_TIME = Duration.ofSeconds(1);

  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private final List<Server> servers;
  private final ServerLimits limits;

  private GrpcServer(List<Server> servers, ServerLimits limits) {
    this.servers = servers;
    this.limits = limits;
  }

  /**
   * Starts to listen and serve.
   *
   * @param listeners addresses, each with its TLS
   * @throws StartException if an address cannot be used; none is used then
   */
  static GrpcServer start(List<Listener> listeners, ServerConfig config, Parts parts)
      throws StartException {
    List<Server> started = new ArrayList<>();
    for (Listener listener : listeners) {
      try {
        started.add(builder(listener, config, parts).build().start());
      } catch (IOException e) {
        started.forEach(Server::shutdownNow);
        HostPort wanted = HostPort.of(listener.address());
        throw ListenAddresses.cannotListen(listener.key(), wanted, e);
      }
    }
    return new GrpcServer(List.copyOf(started), parts.limits());
  }

  /**
   * An address on which the server listens.
   *
   * @param key setting that names the address
   * @param address address of this machine
   * @param tls certificates; empty for plain text
   */
  record Listener(String key, InetSocketAddress address, Optional<ServerTls> tls) {}

  private static NettyServerBuilder builder(Listener listener, ServerConfig config, Parts parts) {
    NettyServerBuilder builder =
        GrpcTransport.listen(listener.address(), config, parts.threads(), parts.connections());
    listener.tls().ifPresent(certificates -> builder.sslContext(certificates.grpcContext()));
    parts.services().forEach(builder::addService);
    builder.addService(bounded(parts.health().service(), parts));
    builder.addStreamTracerFactory(parts.tracer());
    builder.addStreamTracerFactory(StreamReset.tracers(parts.limits()));
    if (config.reflection()) {
      builder.addService(bounded(ProtoReflectionServiceV1.newInstance(), parts));
      builder.addService(bounded(olderReflection(), parts));
    }
    return builder;
  }

  /** Reflection {@code v1alpha}, which older tools use, such as those of many distributions. */
  @SuppressWarnings("deprecation") // as long as such tools are in use
  private static BindableService olderReflection() {
    return ProtoReflectionService.newInstance();
  }

  private static ServerServiceDefinition bounded(BindableService service, Parts parts) {
    return parts.bounds().apply(service.bindService());
  }

  /**
   * Parts of a gRPC server.
   *
   * @param services services of Fencepost
   * @param health health service
   * @param bounds applies the limits to other services
   * @param limits counts open calls
   * @param tracer counts ended calls
   * @param threads threads of the connections
   * @param connections open connections
   */
  record Parts(
      List<ServerServiceDefinition> services,
      HealthReporter health,
      UnaryOperator<ServerServiceDefinition> bounds,
      ServerLimits limits,
      ServerStreamTracer.Factory tracer,
      TransportThreads threads,
      ConnectionRegistry connections) {}

  /**
   * Accepts no more connections and waits for open calls. Streams of health checks never end by
   * themselves, so the rest is cut off when no other call has been open for a while.
   *
   * @return true if all calls were answered
   */
  boolean drain(Duration timeout) {
    servers.forEach(Server::shutdown);
    long end = System.nanoTime() + timeout.toNanos();
    long quietSince = System.nanoTime();
    while (!servers.stream().allMatch(Server::isTerminated) && System.nanoTime() < end) {
      if (!await(CHECK_INTERVAL)) {
        return false;
      }
      if (limits.openCalls() > 0) {
        quietSince = System.nanoTime();
      } else if (System.nanoTime() - quietSince > QUIET_TIME.toNanos()) {
        break;
      }
    }
    boolean answered = limits.openCalls() == 0;
    close();
    return answered;
  }

  void close() {
    servers.forEach(Server::shutdownNow);
    await(CLOSE_TIMEOUT);
  }

  private boolean await(Duration time) {
    try {
      long end = System.nanoTime() + time.toNanos();
      for (Server server : servers) {
        server.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
