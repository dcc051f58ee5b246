package dev.fencepost.server;

import dev.fencepost.server.config.ServerConfig;
import dev.fencepost.server.service.call.StreamReset;
import dev.fencepost.server.service.limit.ServerLimits;
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
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** The gRPC server and how it ends. */
final class GrpcServer {
  private static final Duration GLANCE = Duration.ofMillis(20);

  /** A call that crosses the farewell on the wire arrives within this time. */
  private static final Duration QUIET = Duration.ofSeconds(1);

  private static final Duration LAST_MOMENT = Duration.ofSeconds(2);

  private final Server server;
  private final ServerLimits limits;

  private GrpcServer(Server server, ServerLimits limits) {
    this.server = server;
    this.limits = limits;
  }

  /**
   * Listens and serves.
   *
   * @throws IOException if the address cannot be had
   */
  static GrpcServer start(InetSocketAddress address, ServerConfig config, Parts parts)
      throws IOException {
    NettyServerBuilder builder = GrpcTransport.listen(address, config, parts.threads());
    parts.services().forEach(builder::addService);
    builder.addService(bounded(parts.health().service(), parts));
    builder.addStreamTracerFactory(parts.tracer());
    builder.addStreamTracerFactory(StreamReset.tracers());
    if (config.reflection()) {
      builder.addService(bounded(ProtoReflectionServiceV1.newInstance(), parts));
      builder.addService(bounded(olderReflection(), parts));
    }
    return new GrpcServer(builder.build().start(), parts.limits());
  }

  /** Tools that are older than {@code v1}, such as those of many distributions, ask for this. */
  @SuppressWarnings("deprecation") // for as long as such tools are about
  private static BindableService olderReflection() {
    return ProtoReflectionService.newInstance();
  }

  private static ServerServiceDefinition bounded(BindableService service, Parts parts) {
    return parts.bounds().apply(service.bindService());
  }

  /**
   * What a server is made of.
   *
   * @param services what it serves
   * @param health what it says of itself
   * @param bounds bounds the calls of other services
   * @param limits counts what is open
   * @param tracer counts what has ended
   * @param threads carry the connections
   */
  record Parts(
      List<ServerServiceDefinition> services,
      HealthReporter health,
      UnaryOperator<ServerServiceDefinition> bounds,
      ServerLimits limits,
      ServerStreamTracer.Factory tracer,
      TransportThreads threads) {}

  /**
   * Takes no more connections and waits for the calls that are open. Streams of health checks never
   * end by themselves, so once all other calls were over for a while the rest is cut.
   *
   * @return whether all calls were answered
   */
  boolean drain(Duration timeout) {
    server.shutdown();
    long end = System.nanoTime() + timeout.toNanos();
    long quietSince = System.nanoTime();
    while (!server.isTerminated() && System.nanoTime() < end) {
      if (!await(GLANCE)) {
        return false;
      }
      if (limits.openCalls() > 0) {
        quietSince = System.nanoTime();
      } else if (System.nanoTime() - quietSince > QUIET.toNanos()) {
        break;
      }
    }
    boolean answered = limits.openCalls() == 0;
    close();
    return answered;
  }

  void close() {
    server.shutdownNow();
    await(LAST_MOMENT);
  }

  private boolean await(Duration time) {
    try {
      server.awaitTermination(time.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
